//! `init`: the files that begin the loop, in one commit of the mainline, and taking them back.
//!
//! **Needs** the clone and its lock; GitHub's API is not asked. **Guarantees**: what is there is never changed: a file is
//! added only where there is none, and taken back only if nobody touched it. Nothing is pushed before the caller says so.
//! **Races**: a file that appears meanwhile makes the push end with "not done".

use super::port::Clock;
use crate::model::{
    BlobId, CommitId, CommitPolicy, FilesChange, Performed, PlannedPush, Published, RepositoryName, Signature,
};
use crate::planning::SKELETON;
use crate::repo::{LocalClone, RepoError, RepositoryLock};

/// What a commit would do, and what is left as it is.
#[derive(Clone, Debug)]
pub struct InitPlan {
    /// The mainline's branch.
    pub branch: String,
    /// Where it stands; `None` in an empty repository.
    pub tip: Option<CommitId>,
    /// The change; `None` where there is nothing to do.
    pub change: Option<FilesChange>,
    /// The commit as it would be pushed.
    pub push: Option<PlannedPush>,
    /// What is left as it is, and why.
    pub left: Vec<String>,
}

/// `init` on a clone.
pub struct Init<'a, C> {
    /// The clone.
    pub clone: &'a LocalClone,
    /// Its lock.
    pub lock: &'a RepositoryLock,
    /// Which repository.
    pub repository: &'a RepositoryName,
    /// The branch of a repository that has none yet.
    pub first_branch: &'a str,
    /// The clock.
    pub clock: &'a C,
}

impl<C: Clock> Init<'_, C> {
    /// Plans the files that are missing; `drafts` are the paths that lie in a checkout and may not be committed yet.
    ///
    /// # Errors
    /// When the remote or the clone can't be read.
    pub fn plan(&self, drafts: &[&str]) -> Result<InitPlan, RepoError> {
        let (branch, tip) = self.mainline()?;
        let (mut add, mut left) = (Vec::new(), Vec::new());
        for file in SKELETON {
            let there = tip.map(|tip| self.clone.lies_at(tip, file.path)).transpose()?.flatten().is_some();
            if there {
                left.push(format!("{} is there already", file.path));
            } else if drafts.contains(&file.path) {
                left.push(format!(
                    "{} lies in this checkout and is not on {branch} yet: commit and push it",
                    file.path
                ));
            } else {
                add.push((file.path.to_owned(), file.content.to_owned()));
            }
        }
        let change = FilesChange { add, remove: Vec::new(), message: message("add what begins the loop", "init") };
        self.planned(branch, tip, change, left)
    }

    /// Plans to take back what an earlier `init` added.
    ///
    /// # Errors
    /// As [`Init::plan`].
    pub fn plan_undo(&self) -> Result<InitPlan, RepoError> {
        let (branch, tip) = self.mainline()?;
        let added = tip.map(|tip| self.clone.added_by_init(tip)).transpose()?.unwrap_or_default();
        let (mut remove, mut left): (Vec<(String, BlobId)>, _) = (Vec::new(), Vec::new());
        for file in added {
            match file.now {
                Some(now) if now == file.blob => remove.push((file.path, file.blob)),
                Some(_) => left.push(format!("{} was written since, and stays", file.path)),
                None => {}
            }
        }
        let change = FilesChange { add: Vec::new(), remove, message: message("take back what init added", "undo") };
        self.planned(branch, tip, change, left)
    }

    /// Makes the commit that was planned.
    pub fn perform(&self, plan: &InitPlan, change: &FilesChange) -> Performed<Published> {
        self.clone.commit_files(self.lock, &plan.branch, change, &self.signature())
    }

    fn mainline(&self) -> Result<(String, Option<CommitId>), RepoError> {
        let branch = self.clone.default_branch()?;
        let branch = branch.unwrap_or_else(|| self.first_branch.to_owned());
        let tip = self.clone.mainline(self.lock, &branch)?;
        Ok((branch, tip))
    }

    fn planned(
        &self,
        branch: String,
        tip: Option<CommitId>,
        change: FilesChange,
        left: Vec<String>,
    ) -> Result<InitPlan, RepoError> {
        if change.add.is_empty() && change.remove.is_empty() {
            return Ok(InitPlan { branch, tip, change: None, push: None, left });
        }
        let push = self.clone.rehearse_files(tip, &branch, &change, &self.signature())?;
        Ok(InitPlan { branch, tip, change: Some(change), push, left })
    }

    fn signature(&self) -> Signature {
        Signature { identity: CommitPolicy::default(), at: self.clock.now() }
    }
}

fn message(subject: &str, step: &str) -> String {
    format!("planning: {subject} [skip ci]\n\nOrchestrator-Step: {step}\nOrchestrator-Op: {}\n", uuid::Uuid::new_v4())
}
