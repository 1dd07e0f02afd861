//! The binary `experiments`.

use std::process::ExitCode;

use clap::Parser;
use harness::cli::{self, Cli, Command, Failure};
use harness::plan::Registries;
use harness::{commands, data};

fn main() -> ExitCode {
    let cli = Cli::parse();
    cli::exit(dispatch(&cli.command))
}

fn dispatch(command: &Command) -> Result<ExitCode, Failure> {
    let registries = Registries { figures: &["fig13"] };
    match command {
        Command::List => print!("{}", commands::list(registries)),
        Command::Plan(args) => print!("{}", commands::plan(args, registries)?),
        Command::Data(command) => print!("{}", data::command(command)?),
        Command::Run(args) => return harness::run::command(args, registries),
        Command::Report(_) | Command::Claims(_) => {
            return Err(Failure::run("this build plans experiments, it does not run them"));
        }
    }
    Ok(ExitCode::SUCCESS)
}
