//! The program `anachron`: reads the command line, then opens the window or does what was asked without one.
#![forbid(unsafe_code)]

use anachron::cli::{self, ExitStatus};
use std::process::ExitCode;

fn main() -> ExitCode {
    let request = match cli::parse(std::env::args_os()) {
        Ok(request) => request,
        Err(error) => error.exit(),
    };
    anachron::log_to_stderr();
    match anachron::carry_out(request) {
        Ok(status) => status.into(),
        Err(error) => {
            eprintln!("anachron: {error:#}");
            ExitStatus::Failure.into()
        }
    }
}
