//! Short stories in which every action of the engine happens, and what a person does in each.

use orchestrator::model::{ActionKind, Outcome, StopPoint};
use orchestrator::sim::world::{NewIssue, StateReason, World};
use orchestrator::sim::{IssueKind, Options, Script};

/// What a story is about: which files it begins with and what a person does in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Story {
    /// The goal is reached already: asked, answered without a change.
    Reached,
    /// One item, its capability update, and the question.
    Item,
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
}

/// The pending file of the stories about an item, and how it reads once it is edited.
pub const FILE: &str = "planning/issue_queue/pending/dev-1.md";
pub const EDITED: &[u8] = b"# One, better\n\nDo it well.\n";

impl Story {
    pub const ALL: [Self; 11] = [
        Self::Reached,
        Self::Item,
        Self::Answered,
        Self::Dropped,
        Self::Declined,
        Self::Edited,
        Self::Reworded,
        Self::Asked,
        Self::Duplicate,
        Self::Adopted,
        Self::GivenUp,
    ];

    /// In which story an action has this effect.
    pub const fn of(action: ActionKind, effect: StopPoint) -> Self {
        match (action, effect) {
            (ActionKind::Baseline | ActionKind::AskGap | ActionKind::CloseEmpty, _) => Self::Reached,
            (ActionKind::Promote, StopPoint::Revise) => Self::Edited,
            (ActionKind::Promote, StopPoint::Restate) => Self::Reworded,
            (ActionKind::Complete, StopPoint::Settle) => Self::Asked,
            (ActionKind::Drop, StopPoint::CloseIssue) => Self::Declined,
            (ActionKind::Drop, _) => Self::Dropped,
            (ActionKind::Sweep, _) => Self::Duplicate,
            (ActionKind::Adopt, StopPoint::Settle) => Self::GivenUp,
            (ActionKind::Adopt, _) => Self::Adopted,
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
            Self::Reached | Self::Declined => {}
            Self::Answered => {
                let goal = "# Goal\n\n## Top words\n\nShow the most frequent words.\n";
                options.project.retain(|(path, _)| path != "planning/vision/goal.md");
                options.project.push(("planning/vision/goal.md".to_owned(), goal.into()));
            }
            Self::Item
            | Self::Dropped
            | Self::Edited
            | Self::Reworded
            | Self::Asked
            | Self::Duplicate
            | Self::GivenUp => {
                options.project.push((FILE.to_owned(), b"# One\n\nDo it.\n".to_vec()));
            }
            Self::Adopted => {
                options.project.push(("planning/issue_queue/processed/dev-1.md".to_owned(), b"# One\n".to_vec()));
            }
        }
        options
    }

    /// What happens to the first write of a kind in the undisturbed story already: that is how an issue comes to be adopted,
    /// or to be bound and not given out.
    pub const fn mishap(self) -> Option<StopPoint> {
        match self {
            Self::Edited => Some(StopPoint::Create),
            Self::Reworded => Some(StopPoint::Bind),
            Self::Reached
            | Self::Item
            | Self::Answered
            | Self::Dropped
            | Self::Declined
            | Self::Asked
            | Self::Duplicate
            | Self::Adopted
            | Self::GivenUp => None,
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
            | Self::Item
            | Self::Dropped
            | Self::Edited
            | Self::Reworded
            | Self::Asked
            | Self::Duplicate
            | Self::Adopted
            | Self::GivenUp => &[(IssueKind::GapAnalysis, Script::NoChange)],
        }
    }

    /// What the predecessor left at GitHub.
    pub fn prepare(self, world: &mut World) {
        if self == Self::Adopted {
            let viewer = world.viewer();
            let body = "Do it.\n\n<!-- orchestrator-issue-queue-id: dev-1.md -->".to_owned();
            let (title, labels, assignees) = ("One".to_owned(), vec!["Development".to_owned()], Vec::new());
            let number = world.open_issue(viewer, NewIssue { title, body, labels, assignees }, None).expect("an issue");
            world.close(number, viewer, Some(StateReason::Completed));
        }
    }

    /// What a person does as soon as it can be done.
    pub fn act(self, world: &mut World) -> Acted {
        let viewer = world.viewer();
        let issue = world.subjects().find(|subject| subject.pull.is_none()).cloned();
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
            (Self::Asked, Some(_), Some(pull)) if world.pull(pull).is_some_and(|(_, facts)| facts.merged.is_some()) => {
                let marker = format!("<!-- orchestrator:capability-update-from-pr {}#{pull} -->", world.full_name());
                let (title, body) =
                    (format!("Update system capabilities based on merged PR #{pull}"), format!("Do it.\n\n{marker}"));
                let labels = vec!["Update Capability".to_owned()];
                let asked = NewIssue { title, body, labels, assignees: Vec::new() };
                world.open_issue(viewer, asked, None).expect("an issue");
                Acted::Yes
            }
            _ => Acted::No,
        }
    }
}
