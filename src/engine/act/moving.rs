//! Moving a queue file: by a push of ours, or, where the mainline takes signed commits only, by a commit that GitHub makes
//! on the tip that we expect, and signs.
//!
//! **Guarantees**: one commit on the fetched tip, or nothing. What GitHub was asked for is asked once, and is done only when
//! the fetched mainline holds a commit in which the file lies where it is to be, with the very blob.
//! **Races**: the mainline moved: not done, decide again. An answer that was lost is looked up in the fetched mainline; what
//! arrives later than that finds another tip than it expects, or is seen by the next look.

use super::{Performer, told};
use crate::engine::port::{Clock, Forge, Remote};
use crate::model::{BranchCommit, Bypass, CommitId, MoveLayout, Performed, QueueMove, TipHints};

impl<F: Forge, R: Remote, C: Clock> Performer<'_, F, R, C> {
    pub(super) async fn move_file(&mut self, change: &QueueMove, signed: bool) -> Performed<Option<String>> {
        if signed {
            return told(self.move_signed(change).await, |commit| Some(commit.short()));
        }
        let (engine, lock, branch) = (self.acts.engine, self.acts.lock, &self.acts.snapshot.tips.branch);
        let signature = self.signature();
        let result = self.spaced(engine.remote.move_file(lock, branch, change, &signature)).await;
        if let Performed::Done { value } = &result {
            self.note.clone_from(&value.bypassed);
            let at = engine.clock.now();
            engine.answers.pushed(value.bypassed.clone().map(|words| Bypass { words, at }));
        }
        told(result, |published| Some(published.commit.short()))
    }

    async fn move_signed(&self, change: &QueueMove) -> Performed<CommitId> {
        let (engine, tips) = (self.acts.engine, &self.acts.snapshot.tips);
        let stays = |why: String| Performed::NotDone { why, refused: None };
        let (delete, add) = match engine.remote.lay_out(tips.mainline, change).await {
            Ok(MoveLayout::Files { delete, add }) => (vec![delete], add.into_iter().collect()),
            Ok(MoveLayout::Already) => return Performed::Done { value: tips.mainline },
            Ok(MoveLayout::Moved(why)) => return stays(why),
            Err(error) => return stays(error.to_string()),
        };
        let (branch, message) = (tips.branch.clone(), change.message.clone());
        let commit = BranchCommit { branch, expected: tips.mainline, message, add, delete };
        let (made, why) = match self.spaced(engine.forge.commit(&commit)).await {
            not_done @ Performed::NotDone { .. } => return not_done,
            Performed::Done { value } => (
                Some(value),
                format!("GitHub says committed as {}, which the mainline does not hold yet", value.short()),
            ),
            Performed::Unknown { why } => (None, why),
        };
        match self.landed(change, made).await {
            Ok(Some(value)) => Performed::Done { value },
            Ok(None) => Performed::Unknown { why },
            Err(error) => Performed::Unknown { why: format!("{why}; the mainline can't be fetched: {error}") },
        }
    }

    /// The commit of the fetched mainline in which the file lies where it is to be: the one that was made, or, where nobody
    /// knows it, the tip.
    async fn landed(&self, change: &QueueMove, made: Option<CommitId>) -> Result<Option<CommitId>, R::Error> {
        let (remote, tips) = (&self.acts.engine.remote, &self.acts.snapshot.tips);
        let hints = TipHints { branch: tips.branch.clone(), mainline: None, ledger: tips.ledger };
        let tip = remote.sync(self.acts.lock, &hints).await?.mainline;
        let commit = made.unwrap_or(tip);
        let held = remote.is_ancestor(commit, tip).await?;
        Ok((held && remote.lay_out(commit, change).await? == MoveLayout::Already).then_some(commit))
    }
}
