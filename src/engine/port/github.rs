//! The port of GitHub, forwarded to our client.

use super::{Forge, ForgeCalls, ForgeCheckup};
use crate::forge::{Client, ForgeError};
use crate::model::{
    AccountId, AgentEvent, Call, Closing, CommitId, CreatedIssue, Discussion, ForgeFacts, ForgeWrite, Identity,
    IssueNumber, IssueText, Key, ListedIssue, MergeRequest, NodeId, Performed, PullNumber, Question, Rights,
};

impl Forge for Client {
    type Error = ForgeError;

    async fn observe(&self, question: &Question) -> Result<ForgeFacts, ForgeError> {
        Self::observe(self, question).await
    }

    async fn own_issues(&self, key: &Key, viewer: &AccountId) -> Result<Vec<ListedIssue>, ForgeError> {
        Self::own_issues(self, key, viewer).await
    }

    async fn issue(&self, number: IssueNumber) -> Result<Option<ListedIssue>, ForgeError> {
        Self::issue(self, number).await
    }

    async fn traces(&self, viewer: &AccountId) -> Result<Vec<ListedIssue>, ForgeError> {
        Self::traces(self, viewer).await
    }

    async fn listed(&self, viewer: &AccountId) -> Result<Vec<ListedIssue>, ForgeError> {
        Self::listed(self, viewer).await
    }

    async fn may_write(&self, id: u64, login: &str) -> Result<bool, ForgeError> {
        Self::may_write(self, id, login).await
    }

    async fn agent_events(&self, pull: PullNumber) -> Result<Vec<AgentEvent>, ForgeError> {
        Self::agent_events(self, pull).await
    }

    async fn discussion(&self, pull: PullNumber) -> Result<Discussion, ForgeError> {
        Self::discussion(self, pull).await
    }

    async fn create_issue(&self, text: &IssueText) -> Performed<CreatedIssue> {
        Self::create_issue(self, text).await
    }

    async fn assign(&self, issue: IssueNumber, login: &str, base: &str) -> Performed<()> {
        Self::assign(self, issue, login, base).await
    }

    async fn mark_ready(&self, pull: PullNumber, node: &NodeId) -> Performed<()> {
        Self::mark_ready(self, pull, node).await
    }

    async fn merge(&self, request: &MergeRequest) -> Performed<CommitId> {
        Self::merge(self, request).await
    }

    async fn revise_issue(&self, issue: IssueNumber, text: &IssueText) -> Performed<()> {
        Self::revise_issue(self, issue, text).await
    }

    async fn close_issue(&self, issue: IssueNumber, closing: Closing) -> Performed<()> {
        Self::close_issue(self, issue, closing).await
    }

    async fn close_pull(&self, pull: PullNumber) -> Performed<()> {
        Self::close_pull(self, pull).await
    }

    async fn delete_branch(&self, branch: &str, head: CommitId) -> Performed<()> {
        Self::delete_branch(self, branch, head).await
    }
}

impl ForgeCalls for Client {
    fn call(&self, write: &ForgeWrite) -> Call {
        Self::call(self, write)
    }

    async fn missing_labels(&self, wanted: &[(String, String)]) -> Result<Vec<(String, String)>, ForgeError> {
        Self::missing_labels(self, wanted).await
    }
}

impl ForgeCheckup for Client {
    async fn identity(&self) -> Result<Identity, ForgeError> {
        Self::identity(self).await
    }

    async fn rights(&self) -> Result<Rights, ForgeError> {
        Self::rights(self).await
    }

    async fn agent_assignable(&self) -> Result<bool, ForgeError> {
        Self::agent_assignable(self).await
    }
}
