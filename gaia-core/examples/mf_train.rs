//! Trains a matrix factorisation on a file of ratings, in one thread, and prints a line of JSON per pass: CPU seconds
//! of the passes so far (not of reading, ordering or judging), the objective, and both root mean squared errors.
//!
//! `ci/bench-mf.py` compares it with LIBMF. Usage:
//! `mf_train TRAIN HELD-OUT USERS ITEMS RANK PASSES LEARNING-RATE DECAY LAMBDA ADAGRAD FORM`, where a file is rows of three
//! little-endian 4-byte numbers (user, item, f32 value), the learning rate of pass c (from 0) is
//! LEARNING-RATE / (1 + DECAY c), ADAGRAD is that of AdaGrad, and FORM is one of
//! * `plain`: SGD for both factors;
//! * `server`: as a worker of a parameter server does it: AdaGrad for L with a sum per entry, a snapshot of R copied before
//!   each pass and the difference to it taken after;
//! * `server-by-row`: the same, AdaGrad with a sum per row.

#![expect(clippy::print_stdout, reason = "its output is what it is for")]

use std::error::Error;
use std::path::Path;

use datasets::ratings::Rating;
use gaia_core::kernel::{add_assign, delta};
use gaia_core::simd::Isa;
use gaia_core::workload::mf::block::Block;
use gaia_core::workload::mf::init::{Factor, initial_rows};
use gaia_core::workload::mf::kernel::{AdaGrad, Step, Sums, objective, sgd, squared_error};
use gaia_core::workload::mf::rows::Rows;
use rustix::time::{ClockId, clock_gettime};

const SEED: u64 = 1;

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [train, held_out, users, items, rank, passes, learning_rate, decay, lambda, adagrad, form] = &arguments[..]
    else {
        return Err("expected TRAIN HELD-OUT USERS ITEMS RANK PASSES LEARNING-RATE DECAY LAMBDA ADAGRAD FORM".into());
    };
    let (users, items, rank): (u32, u32, u32) = (users.parse()?, items.parse()?, rank.parse()?);
    let block_of = |path: &str| -> Result<Block, Box<dyn Error>> {
        Ok(Block::new(&read_ratings(path.as_ref())?, users as usize, items as usize, rank, 1, 0.0))
    };
    let (train, held_out) = (block_of(train)?, block_of(held_out)?);
    let sums = match form.as_str() {
        "plain" => None,
        "server" => Some(Sums::Entries),
        "server-by-row" => Some(Sums::Rows),
        other => return Err(format!("form {other}: expected plain, server or server-by-row").into()),
    };
    let rate: f32 = adagrad.parse()?;
    let adagrad = sums.map(|sums| AdaGrad { rate, sums });
    let (learning_rate, decay): (f32, f32) = (learning_rate.parse()?, decay.parse()?);
    let lambda: f32 = lambda.parse()?;

    let isa = Isa::detect();
    let mut server = initial_rows(SEED, Factor::Items, 0..items, rank);
    let mut view = server.clone();
    let mut update = vec![0.0; server.len()];
    let mut l = Rows::from_packed(&initial_rows(SEED, Factor::Users, 0..users, rank), rank);
    let mut r = Rows::from_packed(&server, rank);
    let mut squares = sums.unwrap_or_default().zeros(users as usize, rank);
    let mut seconds = 0.0;
    for pass in 1..=passes.parse::<u16>()? {
        let step = Step { learning_rate: learning_rate / (1.0 + decay * f32::from(pass - 1)), lambda, adagrad };
        let start = cpu_seconds();
        if adagrad.is_some() {
            r.copy_from_packed(&server);
        }
        sgd(isa, &train, 0, &step, &mut l, Some(&mut squares), &mut r);
        if adagrad.is_some() {
            r.copy_to_packed(&mut view);
            update.copy_from_slice(&server);
            delta(isa, &view, &mut update);
        }
        seconds += cpu_seconds() - start;
        if adagrad.is_some() {
            add_assign(isa, &mut server, &update);
        }
        let judged = objective(isa, &train, &l, &r, lambda);
        let rmse = |squared_error: f64, block: &Block| (squared_error / block.len() as f64).sqrt();
        let (objective, train_rmse) = (judged.total(), rmse(judged.squared_error, &train));
        let held_out_rmse = rmse(squared_error(isa, &held_out, &l, &r), &held_out);
        println!(
            "{{\"isa\": \"{isa}\", \"pass\": {pass}, \"cpu_seconds\": {seconds:.9}, \"objective\": {objective:.3}, \
             \"rmse\": {train_rmse:.6}, \"held_out_rmse\": {held_out_rmse:.6}}}"
        );
    }
    Ok(())
}

fn read_ratings(path: &Path) -> Result<Vec<Rating>, Box<dyn Error>> {
    let bytes = std::fs::read(path)?;
    let (numbers, []) = bytes.as_chunks::<4>() else {
        return Err(format!("{}: {} bytes are no rows of 12", path.display(), bytes.len()).into());
    };
    let (rows, []) = numbers.as_chunks::<3>() else {
        return Err(format!("{}: {} bytes are no rows of 12", path.display(), bytes.len()).into());
    };
    let rating = |row: &[[u8; 4]; 3]| Rating {
        user: u32::from_le_bytes(row[0]),
        item: u32::from_le_bytes(row[1]),
        value: f32::from_le_bytes(row[2]),
    };
    Ok(rows.iter().map(rating).collect())
}

/// Seconds that this thread has been on a processor.
fn cpu_seconds() -> f64 {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    time.tv_sec as f64 + time.tv_nsec as f64 * 1e-9
}
