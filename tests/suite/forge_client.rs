//! What a test of the client stands on: the simulator, and our client on its wire.

use orchestrator::forge::{Client, Settings};
use orchestrator::model::{IssueText, MergeMethod, MergeRequest, Performed, PullNumber};
use orchestrator::sim::world::AccountId;
use orchestrator::sim::{Accident, AccidentKind, Simulator};

/// A client with this token.
pub fn client_with(sim: &Simulator, token: &str) -> Client {
    let repository = "maintainer/tally".parse().expect("a name");
    let settings = Settings { api_url: sim.api_url(), repository, token: Some(token.to_owned().into()) };
    Client::new(&settings).expect("a client")
}

/// A client with the simulator's token.
pub fn client(sim: &Simulator) -> Client {
    client_with(sim, sim.token())
}

pub fn arrange(sim: &Simulator, method: &str, path_end: &str, kind: AccidentKind) {
    sim.arrange(Accident::on(method, path_end, kind));
}

/// An issue's text with a marker in the first line.
pub fn text(file: &str) -> IssueText {
    IssueText {
        title: format!("Do {file}"),
        body: format!("<!-- orchestrator-issue-queue-id: {file} -->\n\nText"),
        labels: vec![("Development".to_owned(), "0e8a16".to_owned())],
    }
}

/// The value that was made.
pub fn done<T: std::fmt::Debug>(result: Performed<T>) -> T {
    match result {
        Performed::Done { value } => value,
        other => panic!("this should have been done: {other:?}"),
    }
}

/// Why it was not done, and whether for good.
pub fn not_done<T: std::fmt::Debug>(result: Performed<T>) -> (String, bool) {
    match result {
        Performed::NotDone { why, refused } => (why, refused.is_some()),
        other => panic!("this should not have been done: {other:?}"),
    }
}

/// Why nobody knows.
pub fn unknown<T: std::fmt::Debug>(result: Performed<T>) -> String {
    match result {
        Performed::Unknown { why } => why,
        other => panic!("nobody can know: {other:?}"),
    }
}

/// A pull request with one commit that is ready to be merged, by the viewer; its number and head.
pub async fn ready_pull(sim: &Simulator, branch: &str) -> (PullNumber, String) {
    let content = branch.as_bytes();
    let head = sim.commit_files(branch, &[("work.txt", Some(content))], "work").await.expect("committed");
    let viewer: AccountId = sim.world(|world| world.viewer());
    let number = sim.open_pull(viewer, branch, "Work", "").await.expect("opened");
    (PullNumber(number), head)
}

/// The request to merge it.
pub fn merge_of(pull: PullNumber, head: &str) -> MergeRequest {
    MergeRequest {
        pull,
        head: head.parse().expect("a commit id"),
        method: MergeMethod::Squash,
        title: "Work (#1)".to_owned(),
        message: String::new(),
    }
}
