//! The plays in which the client uses every operation that it has.

use crate::stories::{Acted, Story};
use orchestrator::sim::world::{NewIssue, Permission, World};
use orchestrator::sim::{IssueKind, Options, Script};

/// What is played.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Play {
    /// One of the stories.
    Story(Story),
    /// An item whose issue many pull requests are linked to, and whose merged work people talked about.
    Busy,
    /// An item in a repository with more open issues than a page holds.
    Crowded,
    /// An item whose first head is red.
    Red,
    /// An item in a repository whose mainline takes signed commits only, and whose branches are kept by a rule.
    Signed,
    /// What a checkup asks.
    Checkup,
}

impl Play {
    pub const ALL: [Self; 15] = [
        Self::Story(Story::Item),
        Self::Story(Story::Reached),
        Self::Story(Story::Dropped),
        Self::Story(Story::Duplicate),
        Self::Busy,
        Self::Story(Story::Died),
        Self::Story(Story::NeverBegun),
        Self::Story(Story::Behind),
        Self::Story(Story::Approved),
        Self::Story(Story::Held),
        Self::Story(Story::Unlinked),
        Self::Crowded,
        Self::Red,
        Self::Signed,
        Self::Checkup,
    ];

    fn story(self) -> Story {
        match self {
            Self::Story(story) => story,
            Self::Busy | Self::Crowded | Self::Red | Self::Signed | Self::Checkup => Story::Item,
        }
    }

    pub fn options(self) -> Options {
        self.story().options()
    }

    pub fn scripts(self) -> &'static [(IssueKind, Script)] {
        match self {
            Self::Red => &[(IssueKind::GapAnalysis, Script::NoChange), (IssueKind::Development, Script::RedChecks)],
            _ => self.story().scripts(),
        }
    }

    pub fn prepare(self, world: &mut World) {
        self.story().prepare(world);
        world.settings.signatures_required = self == Self::Signed;
        if self == Self::Signed {
            world.settings.undeletable.insert("copilot/*".to_owned());
        }
        if self == Self::Checkup {
            world.settings.required_checks.insert("build".to_owned());
        }
        if self == Self::Crowded {
            let by = world.person("stranger", Permission::Triage);
            for n in 0..30 {
                let (title, labels) = (format!("A wish ({n})"), vec!["Development".to_owned()]);
                let wish = NewIssue { title, body: String::new(), labels, assignees: Vec::new() };
                world.open_issue(by, wish, None).expect("an issue");
            }
        }
    }

    /// What people do as soon as they can.
    pub fn act(self, world: &mut World) -> Acted {
        match self {
            Self::Story(story) => story.act(world),
            Self::Busy if talk(world) => Acted::Yes,
            Self::Busy | Self::Crowded | Self::Red | Self::Signed | Self::Checkup => Acted::No,
        }
    }

    /// Branches from which a person opens and closes pull requests for the first issue, as soon as there is one.
    pub fn branches(self) -> &'static [&'static str] {
        match self {
            Self::Busy => &["try-1", "try-2", "try-3", "try-4", "try-5"],
            Self::Story(_) | Self::Crowded | Self::Red | Self::Signed | Self::Checkup => &[],
        }
    }
}

/// Two people comment on the agent's pull request.
fn talk(world: &mut World) -> bool {
    let agents = |subject: &&orchestrator::sim::world::Subject| {
        subject.pull.is_some() && subject.author == orchestrator::sim::world::AGENT
    };
    let Some(pull) = world.subjects().find(agents).map(|subject| subject.number) else { return false };
    for (login, permission) in [("writer", Permission::Write), ("stranger", Permission::None)] {
        let by = world.person(login, permission);
        world.comment(by, pull, "Well said.").expect("a comment");
    }
    true
}
