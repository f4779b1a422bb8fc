//! What people do in scenarios (`writer-ida comments on #2: text`), also in the middle of a look.

use crate::scenario::Scene;
use crate::scenario_commands::number;
use orchestrator::sim::world::{AccountId, IssueEdit, MergeMethod, NewIssue, PullEdit, ReviewState, StateReason};
use std::future::poll_fn;
use std::pin::pin;

impl Scene {
    /// One look, in the middle of which somebody acts: when such a request has been answered, and before the client goes
    /// on. What is awaited here runs in one thread, so nothing comes between the two.
    pub async fn look_and(&self, method: &str, path: &str, words: &[&str], text: &str) -> String {
        let before = self.booth.wire.requests().entries.len();
        let answered = || {
            let log = self.booth.wire.requests();
            let asked = |target: &str| target.split('?').next().is_some_and(|target| target.ends_with(path));
            log.entries.iter().skip(before).any(|entry| entry.method == method && asked(&entry.path))
        };
        let (mut acted, mut said) = (false, String::new());
        let mut look = pin!(self.look(false));
        let told = poll_fn(|context| {
            if !acted && answered() {
                acted = true;
                said = self.meanwhile(words, text);
            }
            look.as_mut().poll(context)
        })
        .await;
        assert!(acted, "{method} {path} is not asked in this look:\n{told}");
        said + &told
    }

    /// What somebody does while the orchestrator waits for an answer.
    fn meanwhile(&self, words: &[&str], text: &str) -> String {
        match words {
            ["push", "to", pull, path] => self.push(&self.branch_of(number(pull)), path, Some(text)),
            ["check", pull, name] => self.check(number(pull), name, text),
            [who, rest @ ..] => return self.person(who, rest, text),
            [] => panic!("nobody does anything"),
        }
        String::new()
    }
}

/// What people do at GitHub.
pub fn person(scene: &Scene, by: AccountId, words: &[&str], text: &str) -> Result<(), String> {
    let refused = |refusal: orchestrator::sim::world::Refusal| refusal.message().to_owned();
    let agent = || vec!["copilot-swe-agent[bot]".to_owned()];
    match words {
        ["merges", pull] => {
            let merged = scene.booth.github.sim().merge_pull(by, number(pull), MergeMethod::Squash);
            return merged.map(|_| ()).map_err(|error| error.to_string());
        }
        ["opens", branch, "in", fork] => {
            let opened = scene.booth.github.sim().open_pull_from_fork(by, fork, branch, text);
            return opened.map(|_| ()).map_err(|error| error.to_string());
        }
        ["opens", times, "pull", "requests", "in", fork] => {
            let mut sim = scene.booth.github.sim();
            for time in 0..times.parse::<usize>().expect("a number") {
                let (branch, path) = (format!("patch-{time}"), format!("notes/patch-{time}.md"));
                let file = (path.as_str(), Some(b"A patch.".as_slice()));
                sim.commit_files(&branch, &[file], "A patch").map_err(|error| error.to_string())?;
                sim.open_pull_from_fork(by, fork, &branch, text).map_err(|error| error.to_string())?;
            }
            return Ok(());
        }
        ["opens", branch] => {
            let opened = scene.booth.github.sim().open_pull(by, branch, "By hand", text);
            return opened.map(|_| ()).map_err(|error| error.to_string());
        }
        _ => {}
    }
    scene.world(|world| match words {
        ["comments", "on", subject] => world.comment(by, number(subject), text).map(|_| ()).map_err(refused),
        ["leaves", "GitHub"] => {
            let login = world.account(by).map(|account| account.login.clone()).unwrap_or_default();
            world.leave(&login);
            Ok(())
        }
        ["closes", subject] => {
            world.close(number(subject), by, None);
            Ok(())
        }
        ["closes", subject, "as", reason @ ..] => {
            let reason = if *reason == ["not", "planned"] { StateReason::NotPlanned } else { StateReason::Completed };
            world.close(number(subject), by, Some(reason));
            Ok(())
        }
        ["reopens", subject] => world.reopen(number(subject), by).map_err(refused),
        ["assigns", "the", "agent", "to", issue] => world.assign(by, number(issue), &agent(), None).map_err(refused),
        ["unassigns", "the", "agent", "from", issue] => world.unassign(by, number(issue), &agent()).map_err(refused),
        ["labels", subject, label] => {
            world.put_label(number(subject), by, label);
            Ok(())
        }
        ["unlabels", subject, label] => {
            world.take_label(number(subject), by, label);
            Ok(())
        }
        ["approves", pull] => world.review(by, number(pull), ReviewState::Approved, text).map(|_| ()).map_err(refused),
        ["requests", "changes", "on", pull] => {
            world.review(by, number(pull), ReviewState::ChangesRequested, text).map(|_| ()).map_err(refused)
        }
        ["describes", pull] => {
            let edit = PullEdit { body: Some(text.to_owned()), ..PullEdit::default() };
            world.edit_pull(by, number(pull), edit).map_err(refused)
        }
        ["rewrites", issue] => {
            let edit = IssueEdit { body: Some(text.to_owned()), ..IssueEdit::default() };
            world.edit_issue(by, number(issue), edit).map_err(refused)
        }
        ["retargets", pull, "to", base] => {
            let edit = PullEdit { base: Some((*base).to_owned()), ..PullEdit::default() };
            world.edit_pull(by, number(pull), edit).map_err(refused)
        }
        ["retitles", pull] => {
            world.retitle(number(pull), by, text.to_owned());
            Ok(())
        }
        ["links", pull, "to", issue] => world.connect(by, number(issue), number(pull)).map_err(refused),
        ["unlinks", pull, "from", issue] => world.disconnect(by, number(issue), number(pull)).map_err(refused),
        ["marks", pull, "ready"] => world.mark_ready(by, number(pull)).map_err(refused),
        ["queues", pull] => {
            world.enqueue(number(pull));
            Ok(())
        }
        ["comments", times, "times", "on", subject] => {
            for time in 0..times.parse::<usize>().expect("a number") {
                world.comment(by, number(subject), &format!("{text} ({time})")).map(|_| ()).map_err(refused)?;
            }
            Ok(())
        }
        ["writes", times, "long", "comments", "on", subject] => {
            for time in 0..times.parse::<usize>().expect("a number") {
                let text = format!("{time}: {}", "All work and no play. ".repeat(150));
                world.comment(by, number(subject), &text).map(|_| ()).map_err(refused)?;
            }
            Ok(())
        }
        ["opens", times, "issues", label] => {
            for time in 0..times.parse::<usize>().expect("a number") {
                let labels = vec![label.replace('_', " ")];
                let title = format!("{text} ({time})");
                let new = NewIssue { title, body: String::new(), labels, assignees: Vec::new() };
                world.open_issue(by, new, None).map(|_| ()).map_err(refused)?;
            }
            Ok(())
        }
        ["opens", "a", "twin", "of", issue] => {
            let twin = world.subject(number(issue)).expect("it is there").clone();
            let labels = vec!["Development".to_owned()];
            let new = NewIssue { title: twin.title, body: twin.body, labels, assignees: Vec::new() };
            world.open_issue(by, new, None).map(|_| ()).map_err(refused)
        }
        ["opens", "an", "issue", label @ ..] => {
            let labels = label.iter().map(|label| label.replace('_', " ")).collect();
            let new = NewIssue { title: text.to_owned(), body: String::new(), labels, assignees: Vec::new() };
            world.open_issue(by, new, None).map(|_| ()).map_err(refused)
        }
        other => panic!("nobody can do that: {other:?}"),
    })
}
