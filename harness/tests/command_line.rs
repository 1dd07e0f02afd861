//! The command line: help texts, and the commands that only look or convert.

use std::fs;

use clap::{CommandFactory, Parser};
use harness::cli::{Cli, Command, Launcher};
use harness::failure::Failure;
use harness::plan::Registries;
use harness::spec::{Launch, Local};
use harness::{commands, data};

const REGISTRIES: Registries<'static> = Registries { figures: &["fig13", "convergence"], claims: &[], columns: None };

/// The help of the command at `path` below the binary, 100 columns wide.
fn help(path: &[&str]) -> String {
    let mut command = Cli::command().term_width(100);
    command.build();
    let mut here = &mut command;
    for name in path {
        here = here.find_subcommand_mut(name).expect("the command is there");
    }
    here.render_long_help().to_string()
}

#[test]
fn help_texts() {
    insta::assert_snapshot!("help", help(&[]));
    for name in ["list", "plan", "run", "report", "claims", "compare", "trace", "fit", "calibrate", "data"] {
        insta::assert_snapshot!(format!("help_{name}"), help(&[name]));
    }
    for name in ["list", "import", "generate", "verify"] {
        insta::assert_snapshot!(format!("help_data_{name}"), help(&["data", name]));
    }
}

#[test]
fn the_definition_is_sound() {
    Cli::command().debug_assert();
}

#[test]
fn defaults_of_run() {
    let cli = Cli::try_parse_from(["experiments", "run", "fig13.yaml", "--set", "seeds=[1, 2]"]).unwrap();
    let Command::Run(run) = cli.command else { panic!("it is run") };
    assert_eq!(run.specs, ["fig13.yaml"]);
    assert_eq!(run.out.to_str(), Some("results"));
    assert_eq!((run.jobs, run.quiet, run.strict, run.launcher), (None, false, false, None));
    assert_eq!(run.changes.set[0].value, "[1, 2]");
}

#[test]
fn a_run_in_real_time_has_a_dilation() {
    let launch = |words: &[&str]| {
        let words = ["experiments", "run", "fig13"].iter().chain(words);
        let Command::Run(run) = Cli::try_parse_from(words).unwrap().command else { panic!("it is run") };
        (run.launcher, run.changes().launcher)
    };
    let local = |dilation: &str| Launch::Local(Local { dilation: dilation.parse().unwrap() });
    assert_eq!(launch(&[]), (None, None));
    assert_eq!(launch(&["--launcher", "simulated"]).1, Some(Launch::Simulated));
    assert_eq!(launch(&["--launcher", "local"]), (Some(Launcher::Local), Some(local("1"))));
    assert_eq!(launch(&["--launcher", "local", "--dilation", "0.5"]).1, Some(local("0.5")));
}

#[test]
fn mistakes_on_the_command_line() {
    let report = |line: &str| {
        let words = std::iter::once("experiments").chain(line.split_whitespace());
        let error = Cli::try_parse_from(words).expect_err(line);
        assert_eq!(error.exit_code(), 2, "{line}");
        format!("# {line}\n{error}")
    };
    let all = [
        "rum fig13",
        "run",
        "run fig13 --job 2",
        "run fig13 --jobs 0",
        "run fig13 --seed -1",
        "run fig13 --set rank",
        "run fig13 --launcher slurm",
        "run fig13 --isa avx",
        "run fig13 --checkpoint-every 1e20",
        "run fig13 --checkpoint-every=-1",
        "run fig13 --checkpoint-every nan",
        "calibrate --seconds 1e300",
        "compare a",
        "compare a b --tolerance 1",
    ];
    insta::assert_snapshot!(all.map(report).join("\n"));
}

fn parsed(words: &[&str]) -> Command {
    Cli::try_parse_from(std::iter::once("experiments").chain(words.iter().copied())).unwrap().command
}

#[test]
fn list_names_everything() {
    let text = commands::list();
    for name in ["fig13", "gaia", "ssp", "mf", "ec2-all", "lan", "e5-2698", "generated", "MovieLens"] {
        assert!(text.contains(name), "{name}");
    }
}

#[test]
fn plan_shows_cells_with_their_hashes() {
    let Command::Plan(args) = parsed(&["plan", "fig13"]) else { panic!("it is plan") };
    let text = commands::plan(&args, REGISTRIES).unwrap().text;
    let experiment = commands::experiment("fig13", &args.changes.changes(), REGISTRIES).unwrap();
    for planned in &experiment.plans {
        let hash = planned.plan.hash();
        let line = text.lines().find(|line| line.ends_with(&hash)).expect("each cell and seed has a line");
        assert!(line.starts_with(&planned.name()) && line.contains(&planned.plan.profile.name), "{line}");
    }
}

#[test]
fn a_mistaken_spec_is_the_users() {
    let Command::Plan(args) = parsed(&["plan", "validaton"]) else { panic!("it is plan") };
    let failure = commands::plan(&args, REGISTRIES).unwrap_err();
    assert!(matches!(failure, Failure::Input(_)));
    assert!(
        failure.message().starts_with("error: no spec `validaton`; did you mean `validation`?"),
        "{}",
        failure.message()
    );
}

fn run_data(words: &[&str]) -> Result<String, Failure> {
    let Command::Data(command) = parsed(words) else { panic!("it is data") };
    data::command(&command)
}

#[test]
fn ratings_are_generated_verified_and_imported() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_string();
    let hash = |text: &str| text.lines().find(|line| line.contains("hash")).unwrap().to_string();

    let made = run_data(&["data", "generate", "--scale", "0.005", "--seed", "7", "--out", &path("a.ratings")]).unwrap();
    let whole = run_data(&["data", "verify", &path("a.ratings")]).unwrap();
    assert!(whole.contains(": whole\n") && whole.contains("2401 users, 89 items"), "{whole}");
    assert_ne!(hash(&made), hash(&whole), "the part held out is drawn anew with seed 1");

    let rows = "userId,movieId,rating,timestamp\n1,10,4.0,0\n1,11,3.5,0\n2,10,1.0,0\n";
    fs::write(path("ratings.csv"), rows).unwrap();
    let imported = run_data(&["data", "import", &path("ratings.csv"), "--out", &path("b.ratings")]).unwrap();
    assert!(imported.contains("2 users, 2 items, 3 ratings") && imported.contains("mean 2.833 stars"), "{imported}");
    assert_eq!(hash(&imported), hash(&run_data(&["data", "verify", &path("b.ratings")]).unwrap()));
}

#[test]
fn a_place_without_data_is_reported_with_every_kind() {
    let folder = tempfile::tempdir().unwrap();
    let long = [b"no line of text ".repeat(1_000), vec![0xff]].concat();
    let files: [(&str, &[u8]); 4] = [
        ("cifar-10-batches-py/data_batch_1", b"\x80\x02}q\x01"),
        ("cifar-100/train.bin", &[7; 3_074]),
        ("words.txt", b"words"),
        ("long", &long),
    ];
    for (name, bytes) in files {
        fs::create_dir_all(folder.path().join(name).parent().unwrap()).unwrap();
        fs::write(folder.path().join(name), bytes).unwrap();
    }
    for (name, found) in [
        ("cifar-10-batches-py", "found a folder with data_batch_1"),
        ("cifar-100", "found a folder with train.bin"),
        ("words.txt", "found a file that begins with `words`"),
        ("long", "found a file that begins with `no line `"),
    ] {
        let failure = run_data(&["data", "verify", folder.path().join(name).to_str().unwrap()]).unwrap_err();
        for part in [found, "expected ratings: MovieLens", "; or bags of words: docword.*.txt", "; or images: CIFAR-10"]
        {
            assert!(failure.message().contains(part), "{name}: {}", failure.message());
        }
    }
    // What seems to be of one kind is reported as that kind.
    let images = folder.path().join("images");
    fs::create_dir(&images).unwrap();
    fs::write(images.join("a.jpg"), b"\xff\xd8").unwrap();
    let failure = run_data(&["data", "verify", images.to_str().unwrap()]).unwrap_err();
    assert!(failure.message().contains("found 1 image in no folders by class (a.jpg)"), "{}", failure.message());
}

#[test]
fn a_folder_too_full_for_ratings_is_reported_as_images() {
    // One more than the loaders of ratings and of bags look at.
    const FILES: u32 = 50_001;
    let folder = tempfile::tempdir().unwrap();
    for number in 0..FILES {
        fs::File::create(folder.path().join(format!("ILSVRC2012_val_{number:08}.JPEG"))).unwrap();
    }
    let failure = run_data(&["data", "verify", folder.path().to_str().unwrap()]).unwrap_err();
    assert!(failure.message().contains("found 50001 images that are no JPEG"), "{}", failure.message());
}

#[test]
fn a_folder_with_data_of_more_than_one_kind_is_reported() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    fs::write(path("ratings.csv"), "userId,movieId,rating,timestamp\n1,10,4.0,0\n").unwrap();
    fs::write(path("docword.a.txt"), "1\n1\n1\n1 1 1\n").unwrap();
    for words in [&["verify"][..], &["import", "--out", &path("out")]] {
        let failure = run_data(&[&["data"], words, &[&path("")]].concat()).unwrap_err();
        let message = "found data of more than one kind (ratings: MovieLens ratings.csv, 1 users x 1 items; bags of words: UCI bag of words, 1 documents x 1 words), expected one; name the file";
        assert!(failure.message().ends_with(message), "{}", failure.message());
    }
    assert!(run_data(&["data", "verify", &path("docword.a.txt")]).unwrap().contains("1 tokens"));
    assert!(!folder.path().join("out").exists());
}

#[test]
fn what_a_run_would_refuse_verify_refuses() {
    let folder = tempfile::tempdir().unwrap();
    for (name, text, message) in [
        ("docword.a.txt", "2\n1\n2\n1 1 16777216\n2 1 1\n", "found word 1 16777217 times, expected at most 16777216"),
        ("docword.b.txt", "100000000\n100000000\n1\n1 1 1\n", "found 100000000 documents for 1 pairs"),
    ] {
        let file = folder.path().join(name);
        fs::write(&file, text).unwrap();
        let failure = run_data(&["data", "verify", file.to_str().unwrap()]).unwrap_err();
        assert!(matches!(failure, Failure::Input(_)) && failure.message().contains(message), "{}", failure.message());
    }
}

#[test]
fn a_damaged_cache_is_reported() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("a.ratings");
    let name = file.to_str().unwrap();
    run_data(&["data", "generate", "--scale", "0.001", "--out", name]).unwrap();
    let mut bytes = fs::read(&file).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    fs::write(&file, bytes).unwrap();
    let failure = run_data(&["data", "verify", name]).unwrap_err();
    assert!(matches!(failure, Failure::Input(_)));
    assert!(failure.message().contains("damaged"), "{}", failure.message());
    let failure = run_data(&["data", "generate", "--scale", "2", "--out", name]).unwrap_err();
    assert_eq!(failure.message(), "error: --scale: found 2, expected a number above 0 and at most 1");
}
