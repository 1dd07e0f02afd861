//! The binary `experiments`.

use std::path::Path;
use std::process::ExitCode;

use clap::Parser;
use harness::claims;
use harness::cli::{self, CLAIM_FAILED, ClaimsArgs, Cli, Command, Failure, ReportArgs};
use harness::figures::Figure;
use harness::plan::Registries;
use harness::{calibrate, commands, data, prices, report, run};

fn main() -> ExitCode {
    let cli = Cli::parse();
    cli::exit(dispatch(&cli.command))
}

fn dispatch(command: &Command) -> Result<ExitCode, Failure> {
    let figures = Figure::names();
    let registries = Registries { figures: &figures };
    match command {
        Command::List => print!("{}", commands::list()),
        Command::Plan(args) => print!("{}", commands::plan(args, registries)?),
        Command::Calibrate(args) => print!("{}", calibrate::command(args)?),
        Command::Data(command) => print!("{}", data::command(command)?),
        Command::Run(args) => return run::command(args, registries),
        Command::Node(args) => return run::node(args),
        Command::Report(args) => return report(args),
        Command::Claims(args) => return claims(args),
    }
    Ok(ExitCode::SUCCESS)
}

fn report(args: &ReportArgs) -> Result<ExitCode, Failure> {
    let prices = args.prices.as_deref().map(|name| prices::find(name, Path::new("")));
    let prices = prices.transpose().map_err(Failure::input)?;
    let reports = report::report_all(&args.dir, prices.as_ref()).map_err(Failure::input)?;
    reports.iter().for_each(|report| print!("{report}"));
    Ok(verdict(args.strict, reports.iter().all(report::Report::every_claim_holds)))
}

fn claims(args: &ClaimsArgs) -> Result<ExitCode, Failure> {
    print!("{}", claims::claims_table(&args.dir).map_err(Failure::input)?);
    let figures = claims::below(&args.dir).map_err(Failure::input)?;
    let all = figures.iter().flat_map(|(_, claims)| claims);
    Ok(verdict(args.strict, claims::none_fails(all)))
}

fn verdict(strict: bool, every_claim_holds: bool) -> ExitCode {
    if strict && !every_claim_holds { ExitCode::from(CLAIM_FAILED) } else { ExitCode::SUCCESS }
}
