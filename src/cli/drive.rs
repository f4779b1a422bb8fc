//! One look after another at one repository: what `run` and `watch` share.
//!
//! **Needs** settings. **Guarantees**: the lock is held for a look and no longer, so that people and other processes may work
//! in between; a network that is away for a while is waited for and said once; a token that GitHub does not accept any more
//! is read again once, and nothing is written meanwhile; a rate limit is waited out; an odd answer, GitHub's or its git's, is
//! one for a while. What can't be waited out ends it.
//! **Races**: another process may hold the lock; what that one saw is shown, and the lock is asked for again.

use super::seat::{self, Reading, Seat};
use super::{RealEngine, engine, output, with_token};
use crate::config::settings::Settings;
use crate::engine::port::{Clock, SystemClock};
use crate::engine::schedule::{self, Rhythm, SOONEST};
use crate::engine::{Cycle, CycleError};
use crate::failure::{Exit, Failure};
use crate::forge::ForgeError;
use crate::repo::{Configuration, RepoError, TransportError};
use jiff::Timestamp;
use secrecy::ExposeSecret;
use std::time::Duration;

/// How often the lock is found taken before that is said: a look of another process takes a moment.
const PATIENCE: u32 = 3;
/// How often in a row an answer of which nothing can be made is taken for one that passes, like a 404 on a pull request
/// that is there. The pauses grow meanwhile.
const MOST_ODD: u32 = 20;

/// A repository and how it is looked at.
pub(super) struct Drive {
    pub(super) engine: RealEngine<SystemClock>,
    settings: Settings,
    acts: bool,
    rhythm: Rhythm,
    /// The token was read again, and no look has succeeded since.
    renewed: bool,
    /// A look has succeeded.
    began: bool,
    /// What keeps it from looking, as it was told.
    trouble: Option<String>,
    /// How often in a row the lock was taken.
    held: u32,
    /// How often in a row nothing could be made of GitHub's answer.
    odd: u32,
}

/// Why there is no look.
pub(super) enum Trouble {
    /// Another process works in the clone.
    Held(Option<Box<Reading>>, Failure),
    /// The token is not accepted.
    Token(Failure),
    /// Git is not let in, or told that there is nothing, although GitHub has just shown the repository.
    Shut(Failure),
    /// Nobody can be asked now.
    Away(Failure),
    /// GitHub limits us until then.
    Limited(Failure, Timestamp),
    /// GitHub gave an answer that nothing can be made of; it may have another one the next time.
    Odd(Failure),
    /// It would not be better the next time.
    Ends(Failure),
}

/// What is known after a look.
pub(super) struct Learned {
    /// What was seen, here or by another process.
    pub(super) cycle: Option<Cycle>,
    /// When to look again.
    pub(super) pause: Duration,
}

type Failed = CycleError<ForgeError, RepoError>;

impl From<Failed> for Trouble {
    fn from(error: Failed) -> Self {
        let refused = matches!(&error, CycleError::Forge(ForgeError::Unauthorized { .. }));
        // A repository that isn't there, or that the token may not read, GitHub doesn't show: git is asked after that.
        let shut = matches!(
            &error,
            CycleError::Remote(RepoError::Transport(TransportError::Unauthorized(_) | TransportError::NotFound(_)))
        );
        let limited = match &error {
            CycleError::Forge(ForgeError::RateLimited { until, .. }) => Some(*until),
            CycleError::Forge(_) | CycleError::Remote(_) | CycleError::EmptyRepository(_) => None,
        };
        let odd = match &error {
            CycleError::Forge(ForgeError::Settings(_) | ForgeError::NoToken { .. })
            | CycleError::Remote(_)
            | CycleError::EmptyRepository(_) => false,
            CycleError::Forge(_) => true,
        };
        let failure = Failure::from(error);
        if let Some(until) = limited {
            return Self::Limited(failure, until);
        }
        match failure.exit {
            _ if refused => Self::Token(failure),
            _ if shut => Self::Shut(failure),
            Exit::Unreachable => Self::Away(failure),
            _ if odd => Self::Odd(failure),
            Exit::Done
            | Exit::Internal
            | Exit::Settings
            | Exit::Held
            | Exit::Refused
            | Exit::Absent
            | Exit::Stalled
            | Exit::Waits
            | Exit::Interrupted => Self::Ends(failure),
        }
    }
}

impl Drive {
    /// Looks, and does what is owed if it `acts`.
    pub(super) fn new(settings: Settings, acts: bool) -> Result<Self, Failure> {
        with_token(&settings)?;
        let engine = engine(&settings, Configuration::User, SystemClock)?;
        let (rhythm, trouble) = (Rhythm::default(), None);
        Ok(Self { engine, settings, acts, rhythm, renewed: false, began: false, trouble, held: 0, odd: 0 })
    }

    /// One look under the lock.
    pub(super) async fn look(&self) -> Result<Cycle, Trouble> {
        let lock = match seat::find(&self.engine).await {
            Ok(Seat::Works(lock)) => lock,
            Ok(Seat::Reads(reading)) => {
                let failure = reading.failure.clone();
                return Err(Trouble::Held(Some(reading), failure));
            }
            Err(failure) if failure.exit == Exit::Held => return Err(Trouble::Held(None, failure)),
            Err(failure) => return Err(Trouble::Ends(failure)),
        };
        if self.acts {
            return Ok(self.engine.cycle(&lock).await?);
        }
        let (snapshot, decision) = self.engine.look(&lock).await?;
        Ok(Cycle { snapshot, decision, done: Vec::new() })
    }

    /// Takes in what came of a look. What was seen before this process began counts as a success.
    pub(super) async fn learn(&mut self, look: Result<Cycle, Trouble>) -> Result<Learned, Failure> {
        match look {
            Ok(cycle) => Ok(self.saw(cycle)),
            Err(Trouble::Held(reading, failure)) => Ok(self.is_held(reading, &failure)),
            Err(Trouble::Token(failure)) => {
                self.renew(failure).await?;
                Ok(Learned { cycle: None, pause: Duration::ZERO })
            }
            // Another token may be what it lacks; the same one may be let in the next time.
            Err(Trouble::Shut(failure)) => match self.renew(failure.clone()).await {
                Ok(()) => Ok(Learned { cycle: None, pause: Duration::ZERO }),
                Err(_) => self.is_odd(failure),
            },
            Err(Trouble::Odd(failure)) => self.is_odd(failure),
            Err(Trouble::Away(failure)) if self.began => Ok(self.waits(failure)),
            Err(Trouble::Limited(failure, until)) => Ok(self.is_limited(&failure, until)),
            Err(Trouble::Away(failure) | Trouble::Ends(failure)) => Err(failure),
        }
    }

    fn is_odd(&mut self, failure: Failure) -> Result<Learned, Failure> {
        if !self.began || self.odd >= MOST_ODD {
            return Err(failure);
        }
        self.odd += 1;
        Ok(self.waits(failure))
    }

    /// There is something to show although no look has succeeded yet.
    pub(super) fn knows_something(&mut self) {
        self.began = true;
    }

    /// Said once, until it can be looked again.
    fn waits(&mut self, failure: Failure) -> Learned {
        if self.trouble.as_ref() != Some(&failure.text) {
            output::aside(&format!("{}\nit goes on as soon as it can", failure.text));
            self.trouble = Some(failure.text);
        }
        Learned { cycle: None, pause: self.rhythm.after_none(jitter()) }
    }

    fn saw(&mut self, cycle: Cycle) -> Learned {
        (self.began, self.renewed, self.held, self.odd) = (true, false, 0, 0);
        if self.trouble.take().is_some() {
            output::aside("it can be looked at again");
        }
        let now = self.engine.clock.now();
        let pause = self.rhythm.after(&cycle, now, jitter());
        let pause = pause.max(schedule::reserve(&self.engine.forge.balances(), now));
        Learned { cycle: Some(cycle), pause }
    }

    /// A limit ends at a known time; nobody is asked before, and not all at once then.
    fn is_limited(&mut self, failure: &Failure, until: Timestamp) -> Learned {
        let words = failure.text.split_whitespace().collect::<Vec<_>>().join(" ");
        if self.trouble.as_ref() != Some(&words) {
            output::aside(&format!("{words}; it goes on at {}", super::line::clock(until)));
            self.trouble = Some(words);
        }
        let pause = schedule::left(self.engine.clock.now(), until) + SOONEST * u32::from(jitter()) / 100;
        Learned { cycle: None, pause: pause.max(SOONEST) }
    }

    fn is_held(&mut self, reading: Option<Box<Reading>>, failure: &Failure) -> Learned {
        self.held = self.held.saturating_add(1);
        if self.held == PATIENCE {
            output::aside(&format!("{}; it goes on when that is done", failure.text));
        }
        let cycle = reading.map(|reading| {
            let Reading { snapshot, decision, .. } = *reading;
            Cycle { snapshot, decision, done: Vec::new() }
        });
        Learned { cycle, pause: SOONEST * self.held.min(PATIENCE) }
    }

    /// Reads the token's source again; nothing is written before GitHub has accepted what it says.
    async fn renew(&mut self, failure: Failure) -> Result<(), Failure> {
        let Some(source) = self.settings.source.clone().filter(|_| !self.renewed) else { return Err(failure) };
        let name = source.name();
        let read = tokio::task::spawn_blocking(move || source.read()).await;
        let read = read.map_err(|_| failure.clone())??;
        let known = self.settings.token.as_ref().map(ExposeSecret::expose_secret);
        let Some(token) = read.filter(|token| Some(token.expose_secret()) != known) else { return Err(failure) };
        self.settings.token = Some(token);
        self.engine = engine(&self.settings, Configuration::User, SystemClock)?;
        self.renewed = true;
        output::aside(&format!(
            "the token is not accepted any more; {name} holds another one, and it goes on with that"
        ));
        Ok(())
    }
}

fn jitter() -> u8 {
    uuid::Uuid::new_v4().as_bytes().first().copied().unwrap_or_default()
}
