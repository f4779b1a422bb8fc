//! The log, on its way to the error stream.
//!
//! **Guarantees**: one event is one line, whatever a text from outside holds; nothing in it moves the terminal's cursor.

use super::LogFormat;
use super::output;
use crate::text;
use std::io::{Stderr, Write};
use tracing_subscriber::field::MakeExt as _;
use tracing_subscriber::filter::LevelFilter;
use tracing_subscriber::fmt::format::debug_fn;

/// Begins the log, once.
pub(super) fn begin(level: Option<&str>, format: LogFormat, color: bool) {
    let level = match level.map(str::to_ascii_lowercase).as_deref() {
        Some("trace") => LevelFilter::TRACE,
        Some("debug") => LevelFilter::DEBUG,
        Some("info") => LevelFilter::INFO,
        Some("error") => LevelFilter::ERROR,
        Some("warn" | "warning") | None => LevelFilter::WARN,
        Some(_) => {
            output::aside("LOG_LEVEL is none of error, warn, info, debug and trace; warn is used");
            LevelFilter::WARN
        }
    };
    let log = tracing_subscriber::fmt().with_max_level(level);
    match format {
        LogFormat::Text => {
            let fields = debug_fn(|out, field, value| {
                let value = text::terminal_line(&format!("{value:?}"));
                if field.name() == "message" { write!(out, "{value}") } else { write!(out, "{field}={value}") }
            });
            log.fmt_fields(fields.delimited(" ")).with_writer(std::io::stderr).with_ansi(color).init();
        }
        LogFormat::Json => log.json().flatten_event(true).with_writer(|| Escaped(std::io::stderr())).init(),
    }
}

/// JSON lets characters stand that a terminal may take for commands.
struct Escaped(Stderr);

impl Write for Escaped {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        // An event comes in one piece.
        self.0.write_all(text::escaped(&String::from_utf8_lossy(bytes)).as_bytes())?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        self.0.flush()
    }
}
