//! What the program printed and how it ended, as one text that a test compares whole.
//!
//! What differs from run to run is named instead: addresses, folders, ages, commits.

use crate::program::{Ended, Program};
use orchestrator::sim::Simulator;

/// Names for what differs from run to run, longest first where one holds another.
#[derive(Default)]
pub struct Names(Vec<(String, String)>);

impl Names {
    /// The simulator's addresses and the folder of the program.
    pub fn of(sim: &Simulator, program: &Program) -> Self {
        let api = sim.api_url();
        let host = api.trim_start_matches("http://").to_owned();
        let folder = program.folder.display().to_string();
        Self::default().and(&api, "API").and(&host.replace(':', "_"), "HOST").and(&host, "HOST").and(&folder, "HERE")
    }

    pub fn and(mut self, text: &str, name: &str) -> Self {
        if !text.is_empty() {
            self.0.push((text.to_owned(), name.to_owned()));
        }
        self
    }

    /// Standard output as it is, standard error behind `! `, the exit code behind `= `.
    pub fn transcript(&self, ended: &Ended) -> String {
        let mut text = ended.out.clone();
        for line in ended.err.lines() {
            text.push_str(&format!("! {line}\n"));
        }
        text.push_str(&format!("= {}\n", ended.code.map_or_else(|| "signal".to_owned(), |code| code.to_string())));
        for (told, name) in &self.0 {
            text = text.replace(told, name);
        }
        ages(&text)
    }
}

/// `seen 12 s ago` as `seen N s ago`.
fn ages(text: &str) -> String {
    let words: Vec<&str> = text.split(' ').collect();
    let is_age = |index: usize| {
        words.get(index + 1) == Some(&"s") && words.get(index + 2).is_some_and(|word| word.starts_with("ago"))
    };
    let word = |(index, word): (usize, &&str)| {
        if word.bytes().all(|byte| byte.is_ascii_digit()) && is_age(index) {
            "N".to_owned()
        } else {
            (*word).to_owned()
        }
    };
    words.iter().enumerate().map(word).collect::<Vec<_>>().join(" ")
}

/// Compares a transcript with what is expected, both shown whole where they differ.
#[track_caller]
pub fn assert_transcript(got: &str, expected: &str) {
    assert!(got == expected, "got:\n{got}\nexpected:\n{expected}");
}
