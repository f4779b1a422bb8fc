//! Accidents: what happens to single requests on their way.
//!
//! Guarantees that an accident is met by the first requests that it fits, as often as it says, in the order in which
//! accidents were arranged; without any nothing happens. What GitHub's own rules refuse belongs into the world, not here.
//! What each says is in [`fault`], how it is done in [`mod@happen`].
//!
//! Races: requests side by side meet accidents in the order in which they arrive.

mod fault;
mod happen;

use std::collections::VecDeque;

use jiff::Timestamp;

pub(super) use self::happen::happen;
use super::call::Call;
use crate::sim::world::World;

/// How many former worlds are remembered for stale answers.
const FORMER: usize = 64;

/// What happens to requests.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Accident {
    /// Which method.
    pub method: String,
    /// How the path ends, for GraphQL `/graphql`; or a whole path, where `{…}` stands for any segment.
    pub path_end: String,
    /// What the body has to contain, for example the name of a GraphQL operation; nothing by default.
    pub body_part: String,
    /// How many requests that it fits pass by before; none by default.
    pub after: u32,
    /// How many it happens to; one by default, [`u32::MAX`] for all there will be.
    pub times: u32,
    /// What happens.
    pub kind: AccidentKind,
}

/// The ways a request can go wrong. The words for the usual ones are its functions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AccidentKind {
    /// A gateway answers before GitHub has seen it: nothing was done.
    Before(u16),
    /// GitHub does what was asked and a gateway answers instead.
    After(u16),
    /// GitHub does what was asked and the connection breaks in the middle of the answer.
    BrokenOff,
    /// Nobody answers, ever.
    Silent {
        /// Whether GitHub does what was asked.
        effect: bool,
    },
    /// GitHub does what was asked, and half of its answer arrives as if it were all.
    Truncated,
    /// This is the answer, and nothing was done: for what GitHub says only under loads that nobody simulates.
    Answer {
        /// The status.
        status: u16,
        /// Headers besides the usual ones.
        headers: Vec<(String, String)>,
        /// The body.
        body: String,
    },
    /// The hourly budget is said to be spent, and nothing was done.
    Spent {
        /// In how many seconds the hour ends.
        seconds: u32,
    },
    /// A read is answered as things were before.
    Stale {
        /// How many seconds before, at least; or as they were when the accident was arranged.
        seconds: u32,
    },
    /// A list comes in pages shorter than was asked for, from the second on moved against the first.
    Paged {
        /// The longest page.
        longest: usize,
        /// By how many entries: 1 shows one twice, -1 leaves one out.
        shift: isize,
    },
    /// GitHub does what was asked, and its answer is altered.
    Altered(Alteration),
    /// GitHub does what was asked, and its answer comes in drops.
    Dripped {
        /// How many.
        drops: usize,
        /// The pause before each.
        millis: u64,
    },
}

/// How an answer is altered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Alteration {
    /// Its date is so many seconds from the truth.
    Date(i64),
    /// A text of its object, or of the first of its list, is so many bytes longer.
    Longer(usize),
    /// Texts hold what moves terminals, hides, or is no character.
    Odd,
    /// Entries of its list that contain this are not in it.
    Without(String),
    /// GraphQL: this part (a JSON pointer) is null, beside an error.
    Partly(String),
    /// GraphQL: this part (a JSON pointer) is null, for the token may not read it.
    Withheld(String),
    /// Wherever it says this there, it says something else.
    Instead {
        /// In this part of it (a JSON pointer).
        within: String,
        /// A text of JSON, in full.
        says: String,
        /// What stands in its place.
        instead: String,
    },
}

impl Accident {
    /// An accident on a method and the end of a path.
    pub fn on(method: &str, path_end: &str, kind: AccidentKind) -> Accident {
        let (method, path_end) = (method.to_owned(), path_end.to_owned());
        Accident { method, path_end, body_part: String::new(), after: 0, times: 1, kind }
    }

    /// An accident on an operation: `GET /repos/{owner}/{repo}`, or `query Name` and `mutation Name` for GraphQL.
    pub fn at(operation: &str, kind: AccidentKind) -> Accident {
        match operation.split_once(' ') {
            Some((method, path)) if path.starts_with('/') => Accident::on(method, path, kind),
            // As a document begins; a name may be the beginning of another.
            _ => Accident { body_part: format!("{operation}("), ..Accident::on("POST", "/graphql", kind) },
        }
    }

    /// The same for every request that it fits.
    #[must_use]
    pub fn always(self) -> Accident {
        Accident { times: u32::MAX, ..self }
    }

    /// Whether it is one for such a request.
    pub fn fits(&self, method: &str, path: &str, body: &[u8]) -> bool {
        let place =
            || if self.path_end.contains('{') { is_like(&self.path_end, path) } else { path.ends_with(&self.path_end) };
        method == self.method && place() && String::from_utf8_lossy(body).contains(&self.body_part)
    }
}

/// Whether a path is one of a template's: `{…}` stands for one segment, `{ref}` and `{branch}` at the end for all that follow.
fn is_like(template: &str, path: &str) -> bool {
    let mut given = path.split('/');
    for segment in template.split('/') {
        match (segment, given.next()) {
            ("{ref}" | "{branch}", Some(_)) => return true,
            (segment, Some(_)) if segment.starts_with('{') => {}
            (segment, Some(one)) if segment == one => {}
            _ => return false,
        }
    }
    given.next().is_none()
}

/// Accidents that are to happen, and those that did.
#[derive(Default)]
pub(super) struct Accidents {
    arranged: Vec<Accident>,
    met: usize,
    /// What the world was, from a moment on; kept only while a stale answer is arranged.
    former: VecDeque<(Timestamp, World)>,
}

impl Accidents {
    pub fn arrange(&mut self, accident: Accident) {
        self.arranged.push(accident);
    }

    /// How many requests something happened to.
    pub fn met(&self) -> usize {
        self.met
    }

    /// Nothing more happens; how many requests something happened to.
    pub fn end(&mut self) -> usize {
        self.arranged.clear();
        self.former.clear();
        std::mem::take(&mut self.met)
    }

    /// Takes the first accident that fits and whose turn it is.
    pub fn take(&mut self, call: &Call) -> Option<AccidentKind> {
        for index in 0..self.arranged.len() {
            let Some(accident) = self.arranged.get_mut(index) else { break };
            if !accident.fits(call.method.as_str(), &call.raw_path, &call.body) {
                continue;
            }
            if accident.after > 0 {
                accident.after -= 1;
                continue;
            }
            self.met += 1;
            let kind = accident.kind.clone();
            if accident.times != u32::MAX {
                accident.times = accident.times.saturating_sub(1);
            }
            if accident.times == 0 {
                self.arranged.remove(index);
            }
            return Some(kind);
        }
        None
    }

    /// Whether what the world is now will be wanted later.
    pub fn wants_former(&self) -> bool {
        self.arranged.iter().any(|accident| matches!(accident.kind, AccidentKind::Stale { .. }))
    }

    /// Remembers a world.
    pub fn remember(&mut self, world: World) {
        if self.former.len() == FORMER {
            self.former.pop_front();
        }
        self.former.push_back((world.now(), world));
    }

    /// The newest world that is at least so old, else the oldest that is known.
    fn former(&self, until: Timestamp) -> Option<World> {
        let old = self.former.iter().rev().find(|(at, _)| *at <= until);
        old.or(self.former.front()).map(|(_, world)| world.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_operation_is_told_from_its_neighbours() {
        let of = |operation: &str| Accident::at(operation, AccidentKind::Truncated);
        let issue = of("GET /repos/{owner}/{repo}/issues/{issue_number}");
        assert!(issue.fits("GET", "/repos/a/b/issues/7", b""));
        for (method, path) in
            [("GET", "/repos/a/b/issues"), ("GET", "/repos/a/b/issues/7/x"), ("PATCH", "/repos/a/b/issues/7")]
        {
            assert!(!issue.fits(method, path, b""), "{method} {path}");
        }
        assert!(of("GET /repos/{owner}/{repo}/git/ref/{ref}").fits("GET", "/repos/a/b/git/ref/heads/x/y", b""));
        let query = of("query Observe");
        assert!(query.fits("POST", "/graphql", b"{\"query\": \"query Observe($x: ID!)"));
        assert!(!query.fits("POST", "/graphql", b"query ObserveMore("));
    }
}
