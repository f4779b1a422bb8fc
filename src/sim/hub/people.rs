//! What people do to world and git at once, the same in every simulator.
//!
//! Needs the [`Hub`]. Guarantees as there: the world knows what git has when an act is over.
//!
//! Races: as in the hub; each act runs behind its gate.

use jiff::SignedDuration;

use super::{Hub, MergeRequest, NewFiles, Trouble, signature};
use crate::sim::git::{FileChange, GitError, Objects};
use crate::sim::world::{AccountId, MergeMethod, NewPull, Refusal};

/// A pull request that somebody opens into the mainline.
#[derive(Clone, Copy, Debug)]
pub(in crate::sim) struct Opening<'a> {
    /// Who opens it.
    pub author: AccountId,
    /// From which branch.
    pub branch: &'a str,
    /// The title.
    pub title: &'a str,
    /// The description.
    pub body: &'a str,
}

impl<G: Objects> Hub<G> {
    /// Moves a fixed clock on.
    pub fn advance(&self, by: SignedDuration) {
        let mut world = self.world();
        let now = world.now().checked_add(by).unwrap_or_else(|_| world.now());
        world.set_now(now);
    }

    /// The viewer commits files onto a branch, as if pushed; a new branch begins at the mainline.
    pub async fn viewer_commits(
        &self,
        branch: &str,
        files: &[FileChange<'_>],
        message: &str,
    ) -> Result<String, GitError> {
        self.tick();
        let (viewer, author) = {
            let world = self.world();
            (world.viewer(), signature(&world, world.viewer()))
        };
        self.commit_files(NewFiles { branch, from: None, files, message, author: &author }, viewer).await
    }

    /// Somebody opens a pull request for a branch.
    pub async fn person_opens(&self, opening: Opening<'_>) -> Result<u64, Trouble> {
        let new = self.new_pull(opening, None)?;
        self.open_pull(opening.author, new).await
    }

    /// The same from a fork (`owner/name`): the branch is taken over as the fork's.
    pub async fn fork_opens(&self, opening: Opening<'_>, fork: &str) -> Result<u64, Trouble> {
        let new = self.new_pull(opening, Some(fork.to_owned()))?;
        let head = new.head_oid.clone();
        let number = self.open_pull(opening.author, new).await?;
        self.git.delete_ref(&format!("refs/heads/{}", opening.branch), &head).await?;
        self.settle(opening.author).await?;
        Ok(number)
    }

    fn new_pull(&self, opening: Opening<'_>, fork: Option<String>) -> Result<NewPull, Refusal> {
        self.tick();
        let world = self.world();
        let head_oid = world.branch(opening.branch).ok_or(Refusal::NotFound)?.to_owned();
        Ok(NewPull {
            title: opening.title.to_owned(),
            body: opening.body.to_owned(),
            head: opening.branch.to_owned(),
            head_oid,
            base: world.mainline().to_owned(),
            draft: false,
            fork,
        })
    }

    /// A person merges a pull request with the words that GitHub proposes.
    pub async fn person_merges(&self, by: AccountId, number: u64, method: MergeMethod) -> Result<String, Trouble> {
        self.tick();
        self.merge(by, MergeRequest { number, method, sha: None, title: None, message: None }).await
    }

    /// An administrator points a branch at another commit, whatever it was and whatever protects it.
    pub async fn force_push(&self, branch: &str, oid: &str) -> Result<(), GitError> {
        self.tick();
        let viewer = self.world().viewer();
        self.git.set_ref(&format!("refs/heads/{branch}"), oid).await?;
        self.settle(viewer).await
    }

    /// An administrator deletes a ref by its whole name, if it is there.
    pub async fn delete_ref(&self, name: &str) -> Result<(), GitError> {
        self.tick();
        let viewer = self.world().viewer();
        if let Some(tip) = self.git.resolve(name).await? {
            self.git.delete_ref(name, &tip).await?;
        }
        self.settle(viewer).await
    }
}
