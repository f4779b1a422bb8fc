//! The program `orchestrator`; everything is in the library.

fn main() -> std::process::ExitCode {
    orchestrator::cli::run()
}
