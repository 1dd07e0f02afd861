//! The binary `experiments`.

use std::path::Path;
use std::process::ExitCode;

use clap::Parser;
use harness::claims;
use harness::cli::{self, ClaimsArgs, Cli, Command, PlanArgs, ReportArgs};
use harness::evidence::{check_junit, evidence};
use harness::failure::{self, Failure};
use harness::figures::{self, Figure};
use harness::plan::Registries;
use harness::{
    calibrate, clean, commands, compare, data, fit, overview, price_lists, prices, report, run, say, strict, trace,
};

fn main() -> ExitCode {
    failure::exit(match Cli::try_parse() {
        Ok(cli) => {
            cli.log.log().start();
            dispatch(&cli.command)
        }
        Err(error) => cli::print_error(&error),
    })
}

fn dispatch(command: &Command) -> Result<ExitCode, Failure> {
    let (figures, claim_names) = (Figure::names(), figures::claim_names());
    let claim_names: Vec<&str> = claim_names.iter().map(String::as_str).collect();
    let registries = Registries { figures: &figures, claims: &claim_names, columns: Some(Figure::columns) };
    let text = match command {
        Command::List => commands::list(),
        Command::Plan(args) => return plan(args, registries),
        Command::Clean(args) => clean::command(args)?,
        Command::Trace(args) => trace::command(args)?,
        Command::Fit(args) => fit::command(args)?,
        Command::Calibrate(args) => calibrate::command(args)?,
        Command::Prices(command) => price_lists::command(command)?,
        Command::Data(command) => data::command(command)?,
        Command::Run(args) => return run::command(args, registries),
        Command::Node(args) => return run::node(&args.assignment, args.role),
        Command::Report(args) => return report(args),
        Command::Claims(args) => return claims(args),
        Command::Compare(args) => return compare::command(args),
    };
    say::out(&text).map_err(Failure::run)?;
    Ok(ExitCode::SUCCESS)
}

fn plan(args: &PlanArgs, registries: Registries<'_>) -> Result<ExitCode, Failure> {
    let commands::PlanText { text, refused } = commands::plan(args, registries)?;
    say::out(&text).map_err(Failure::run)?;
    refused.map(|()| ExitCode::SUCCESS)
}

fn report(args: &ReportArgs) -> Result<ExitCode, Failure> {
    check_junit(args.junit.as_deref())?;
    let prices = args.prices.as_deref().map(|name| prices::find(name, Path::new("")));
    let prices = prices.transpose().map_err(Failure::input)?;
    let reports = report::report_all(&args.dir, prices.as_ref()).map_err(Failure::input)?;
    let text: String = reports.iter().map(report::SpecReport::to_string).collect();
    say::out(&text).map_err(Failure::run)?;
    let figures: Vec<strict::Evidence> = reports.iter().map(report::SpecReport::evidence).collect();
    evidence(args.strict, args.junit.as_deref(), &args.dir, &figures)
}

fn claims(args: &ClaimsArgs) -> Result<ExitCode, Failure> {
    check_junit(args.junit.as_deref())?;
    let mut text = claims::claims_table(&args.dir).map_err(Failure::input)?;
    if let Some(folder) = &args.page {
        let page = overview::write(&args.dir, folder).map_err(Failure::input)?;
        text += &format!("\n{}\n", page.display());
    }
    say::out(&text).map_err(Failure::run)?;
    if !args.strict && args.junit.is_none() {
        return Ok(ExitCode::SUCCESS);
    }
    let figures = strict::evidence(&args.dir).map_err(Failure::input)?;
    evidence(args.strict, args.junit.as_deref(), &args.dir, &figures)
}
