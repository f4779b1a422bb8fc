//! Short stories in which every action of the engine happens, and what a person does in each.

use crate::ending::ENDLESS;
use orchestrator::model::{ActionKind, GAP_TITLE, Outcome, StopPoint};
use orchestrator::sim::world::{IssueEdit, NewIssue, PullEdit, StateReason, Step, Subject, What, World};
use orchestrator::sim::{IssueKind, Options, Script};

/// What a story is about: which files it begins with and what a person does in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Story {
    /// The goal is reached already: asked, answered without a change.
    Reached,
    /// The same; somebody rewrites the question's issue before it is bound.
    Reasked,
    /// The same; a predecessor's question, whose text would go on for ever, is adopted.
    Endless,
    /// One item, its capability update, and the question.
    Item,
    /// The same; somebody rewrites the capability update's issue before it is bound.
    Retold,
    /// A question that is answered by a file, and what follows from it.
    Answered,
    /// One item whose issue a person closes as not planned.
    Dropped,
    /// A gap analysis whose pull request a person closes.
    Declined,
    /// One item whose file is edited between the creation of its issue and its adoption.
    Edited,
    /// One item whose file is edited after its issue was bound and before the agent is sent to it.
    Reworded,
    /// One item for whose merged work a person's program has asked the capability update already.
    Asked,
    /// One item, and a duplicate of its issue.
    Duplicate,
    /// A file and its closed issue that a predecessor left; a person has them adopted.
    Adopted,
    /// One item whose issue a person deletes and then gives up.
    GivenUp,
    /// One item whose session dies in the middle of the work.
    Died,
    /// One item that the agent never begins when it is sent there first.
    NeverBegun,
    /// One item whose finished head is behind a mainline that wants it up to date.
    Behind,
    /// One item whose head the policy wants approved.
    Approved,
    /// One item whose workflow run waits for approval, which the policy gives.
    Held,
    /// One item whose pull request doesn't say that it closes the issue, which the policy puts right.
    Unlinked,
}

/// What a person did just now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Acted {
    /// Nothing yet.
    No,
    /// What the story asks for.
    Yes,
    /// The pending file is to be rewritten, which needs git.
    Edits,
    /// The mainline moves on, which needs git.
    Moves,
}

impl Acted {
    /// The file that is to be committed to the mainline.
    pub const fn file(self) -> Option<(&'static str, &'static [u8])> {
        match self {
            Self::No | Self::Yes => None,
            Self::Edits => Some((FILE, EDITED)),
            Self::Moves => Some(("docs/notes.md", b"# Notes\n")),
        }
    }
}

/// The pending file of the stories about an item, and how it reads once it is edited.
pub const FILE: &str = "planning/issue_queue/pending/dev-1.md";
pub const EDITED: &[u8] = b"# One, better\n\nDo it well.\n";

impl Story {
    pub const ALL: [Self; 20] = [
        Self::Reached,
        Self::Reasked,
        Self::Endless,
        Self::Item,
        Self::Retold,
        Self::Answered,
        Self::Dropped,
        Self::Declined,
        Self::Edited,
        Self::Reworded,
        Self::Asked,
        Self::Duplicate,
        Self::Adopted,
        Self::GivenUp,
        Self::Died,
        Self::NeverBegun,
        Self::Behind,
        Self::Approved,
        Self::Held,
        Self::Unlinked,
    ];

    /// In which story an action has this effect.
    pub const fn of(action: ActionKind, effect: StopPoint) -> Self {
        match (action, effect) {
            (ActionKind::AskGap, StopPoint::Revise) => Self::Reasked,
            (ActionKind::Complete, StopPoint::Revise) => Self::Retold,
            (ActionKind::Adopt, StopPoint::Revise) => Self::Endless,
            (ActionKind::Baseline | ActionKind::AskGap | ActionKind::CloseEmpty, _) => Self::Reached,
            (ActionKind::Promote, StopPoint::Revise) => Self::Edited,
            (ActionKind::Promote, StopPoint::Restate) => Self::Reworded,
            (ActionKind::Complete, StopPoint::Settle) => Self::Asked,
            (ActionKind::Drop, StopPoint::CloseIssue) => Self::Declined,
            (ActionKind::Drop, _) => Self::Dropped,
            (ActionKind::Sweep, _) => Self::Duplicate,
            (ActionKind::Adopt, StopPoint::Settle) => Self::GivenUp,
            (ActionKind::Adopt, _) => Self::Adopted,
            (ActionKind::Nudge, _) => Self::Died,
            (ActionKind::Redispatch, _) => Self::NeverBegun,
            (ActionKind::UpdateBranch, _) => Self::Behind,
            (ActionKind::Approve, _) => Self::Approved,
            (ActionKind::Rerun, _) => Self::Held,
            (ActionKind::Link, _) => Self::Unlinked,
            (
                ActionKind::Promote
                | ActionKind::MarkReady
                | ActionKind::MergePlanning
                | ActionKind::MergeDevelopment
                | ActionKind::Complete,
                _,
            ) => Self::Item,
        }
    }

    /// The project it begins with.
    pub fn options(self) -> Options {
        let mut options = Options::default();
        match self {
            Self::Reached | Self::Reasked | Self::Endless | Self::Declined => {}
            Self::Answered => {
                let goal = "# Goal\n\n## Top words\n\nShow the most frequent words.\n";
                options.project.retain(|(path, _)| path != "planning/vision/goal.md");
                options.project.push(("planning/vision/goal.md".to_owned(), goal.into()));
            }
            Self::Item
            | Self::Retold
            | Self::Dropped
            | Self::Edited
            | Self::Reworded
            | Self::Asked
            | Self::Duplicate
            | Self::GivenUp
            | Self::Died
            | Self::NeverBegun
            | Self::Behind
            | Self::Approved
            | Self::Held
            | Self::Unlinked => {
                options.project.push((FILE.to_owned(), b"# One\n\nDo it.\n".to_vec()));
            }
            Self::Adopted => {
                options.project.push(("planning/issue_queue/processed/dev-1.md".to_owned(), b"# One\n".to_vec()));
            }
        }
        for (path, content) in &mut options.project {
            if path == "planning/orchestrator.toml" {
                let text =
                    String::from_utf8_lossy(content).replace("[merge]\n", &format!("[merge]\n{}", self.merging()));
                *content =
                    format!("{}\n{}", text.replace("[loop]\n", &format!("[loop]\n{}", self.looping())), self.agent())
                        .into_bytes();
            }
        }
        options
    }

    /// Lines of the policy below `[merge]`.
    const fn merging(self) -> &'static str {
        match self {
            Self::Behind => "update_branch = true\n",
            Self::Approved => "approve = true\n",
            _ => "",
        }
    }

    /// Lines of the policy below `[loop]`.
    const fn looping(self) -> &'static str {
        match self {
            Self::Unlinked => "auto_link = true\n",
            _ => "",
        }
    }

    /// What the policy says of the agent.
    const fn agent(self) -> &'static str {
        match self {
            Self::Held => "[agent]\nrerun_held_runs = true\n",
            _ => "",
        }
    }

    /// Which write of a kind, of which action, the program does not survive in the undisturbed story already: that is how
    /// an issue comes to be adopted, or to be bound and not given out.
    pub const fn mishap(self) -> Option<(ActionKind, StopPoint, u32)> {
        match self {
            Self::Edited => Some((ActionKind::Promote, StopPoint::Create, 1)),
            Self::Reworded => Some((ActionKind::Promote, StopPoint::Bind, 1)),
            Self::Reasked => Some((ActionKind::AskGap, StopPoint::Create, 1)),
            Self::Retold => Some((ActionKind::Complete, StopPoint::Create, 2)),
            Self::Reached
            | Self::Endless
            | Self::Item
            | Self::Answered
            | Self::Dropped
            | Self::Declined
            | Self::Asked
            | Self::Duplicate
            | Self::Adopted
            | Self::GivenUp
            | Self::Died
            | Self::NeverBegun
            | Self::Behind
            | Self::Approved
            | Self::Held
            | Self::Unlinked => None,
        }
    }

    /// Whether what was decided asks for `orchestrator adopt`.
    pub fn wants_adoption(outcome: &Outcome) -> bool {
        matches!(outcome, Outcome::Stalled { lifts, .. } if lifts.contains("orchestrator adopt"))
    }

    /// How the agent goes about it.
    pub const fn scripts(self) -> &'static [(IssueKind, Script)] {
        match self {
            Self::Answered | Self::Declined => &[],
            Self::Reached
            | Self::Reasked
            | Self::Endless
            | Self::Item
            | Self::Retold
            | Self::Dropped
            | Self::Edited
            | Self::Reworded
            | Self::Asked
            | Self::Duplicate
            | Self::Adopted
            | Self::GivenUp
            | Self::Died
            | Self::NeverBegun
            | Self::Behind
            | Self::Approved
            | Self::Held
            | Self::Unlinked => &[(IssueKind::GapAnalysis, Script::NoChange)],
        }
    }

    /// What the predecessor left at GitHub.
    pub fn prepare(self, world: &mut World) {
        world.settings.up_to_date_required = self == Self::Behind;
        if self == Self::Adopted {
            let viewer = world.viewer();
            let body = "Do it.\n\n<!-- orchestrator-issue-queue-id: dev-1.md -->".to_owned();
            let (title, labels, assignees) = ("One".to_owned(), vec!["Development".to_owned()], Vec::new());
            let number = world.open_issue(viewer, NewIssue { title, body, labels, assignees }, None).expect("an issue");
            world.close(number, viewer, Some(StateReason::Completed));
        }
        if self == Self::Endless {
            let (title, labels) = (GAP_TITLE.to_owned(), vec!["Gap Analysis".to_owned()]);
            let issue = NewIssue { title, body: ENDLESS.to_owned(), labels, assignees: Vec::new() };
            world.open_issue(world.viewer(), issue, None).expect("an issue");
        }
    }

    /// What a person does as soon as it can be done.
    pub fn act(self, world: &mut World) -> Acted {
        let viewer = world.viewer();
        let issue = world.subjects().find(|subject| subject.pull.is_none()).cloned();
        let second = world.subjects().filter(|subject| subject.pull.is_none()).nth(1).cloned();
        let pull = world.subjects().find(|subject| subject.pull.is_some()).map(|subject| subject.number);
        match (self, issue, pull) {
            (Self::Dropped, Some(issue), _) if !issue.assignees.is_empty() => {
                world.close(issue.number, viewer, Some(StateReason::NotPlanned));
                Acted::Yes
            }
            (Self::Declined, _, Some(pull)) => {
                world.close(pull, viewer, None);
                Acted::Yes
            }
            (Self::Duplicate, Some(issue), _) if !issue.assignees.is_empty() => {
                let (title, body, labels) = (issue.title, issue.body, vec!["Development".to_owned()]);
                let twin = NewIssue { title, body, labels, assignees: Vec::new() };
                world.open_issue(viewer, twin, None).expect("a second issue");
                Acted::Yes
            }
            (Self::GivenUp, Some(issue), _) if !issue.assignees.is_empty() && issue.is_open() => {
                world.delete_issue(issue.number).expect("it is there");
                Acted::Yes
            }
            (Self::Edited | Self::Reworded, Some(_), _) => Acted::Edits,
            (Self::Reasked, Some(issue), _) => rewritten(world, &issue),
            (Self::Retold, ..) => second.map_or(Acted::No, |issue| rewritten(world, &issue)),
            (Self::Asked, Some(_), Some(pull)) if world.pull(pull).is_some_and(|(_, facts)| facts.merged.is_some()) => {
                let marker = format!("<!-- orchestrator:capability-update-from-pr {}#{pull} -->", world.full_name());
                let (title, body) =
                    (format!("Update system capabilities based on merged PR #{pull}"), format!("Do it.\n\n{marker}"));
                let labels = vec!["Update Capability".to_owned()];
                let asked = NewIssue { title, body, labels, assignees: Vec::new() };
                world.open_issue(viewer, asked, None).expect("an issue");
                Acted::Yes
            }
            (Self::Died, _, Some(pull)) => {
                // The session is over, and its event says why.
                let running = world.sessions().iter().rfind(|session| session.pull == Some(pull)).cloned();
                world.session_step(running.map(|session| session.id).unwrap_or_default(), Step::Ended, None);
                world.agent_event(pull, viewer, What::AgentFailed("Something went wrong.".to_owned()));
                Acted::Yes
            }
            (Self::NeverBegun, Some(issue), _) if !issue.assignees.is_empty() => {
                world.session_step(0, Step::Ended, None);
                world.backdate(issue.number, jiff::SignedDuration::from_hours(2));
                Acted::Yes
            }
            (Self::Behind, _, Some(pull)) if asks_for_review(world, pull) => Acted::Moves,
            (Self::Held, _, Some(pull)) if asks_for_review(world, pull) => {
                let head = world.pull(pull).map(|(_, facts)| facts.head_oid.clone()).unwrap_or_default();
                world.hold_run(&head, "ci");
                Acted::Yes
            }
            (Self::Unlinked, Some(issue), Some(pull)) if asks_for_review(world, pull) => {
                let body = Some(format!("Part of the work of #{}.", issue.number));
                world.edit_pull(viewer, pull, PullEdit { body, ..PullEdit::default() }).expect("it can be edited");
                Acted::Yes
            }
            _ => Acted::No,
        }
    }
}

/// Somebody writes another text below the marker of an issue.
fn rewritten(world: &mut World, issue: &Subject) -> Acted {
    let marker = issue.body.lines().next().unwrap_or_default();
    let body = Some(format!("{marker}\n{ENDLESS}"));
    let viewer = world.viewer();
    world.edit_issue(viewer, issue.number, IssueEdit { body, ..IssueEdit::default() }).expect("it can be edited");
    Acted::Yes
}

/// The agent is done with it.
fn asks_for_review(world: &World, pull: u64) -> bool {
    world.pull(pull).is_some_and(|(_, facts)| !facts.requested.is_empty())
}
