//! The port of GitHub, forwarded to our client.

use super::{Forge, ForgeCalls, ForgeCheckup};
use crate::forge::{Client, ForgeError};
use crate::model::{
    AccountId, AgentEvent, AgentPulls, BranchCommit, Call, CheckReport, Closing, CommitId, CreatedIssue, Discussion,
    ForgeFacts, ForgeWrite, Identity, IssueNumber, IssueText, Key, LimitsMet, ListedIssue, MainlineRules, MergeRequest,
    NodeId, OwnComment, Performed, PullComment, PullNumber, Question, Rights, Spending,
};
use jiff::Timestamp;

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

    async fn agent_pulls(&self) -> Result<AgentPulls, ForgeError> {
        Self::agent_pulls(self).await
    }

    async fn agent_events(&self, pull: PullNumber) -> Result<Vec<AgentEvent>, ForgeError> {
        Self::agent_events(self, pull).await
    }

    async fn discussion(&self, pull: PullNumber) -> Result<Discussion, ForgeError> {
        Self::discussion(self, pull).await
    }

    async fn checks(
        &self,
        pull: PullNumber,
        head: CommitId,
        base: &str,
        named: bool,
    ) -> Result<CheckReport, ForgeError> {
        Self::checks(self, pull, head, base, named).await
    }

    async fn own_comments(&self, pull: PullNumber) -> Result<Vec<OwnComment>, ForgeError> {
        Self::own_comments(self, pull).await
    }

    async fn description(&self, pull: PullNumber) -> Result<String, ForgeError> {
        Self::description(self, pull).await
    }

    async fn missing_labels(&self, wanted: &[(String, String)]) -> Result<Vec<(String, String)>, ForgeError> {
        Self::missing_labels(self, wanted).await
    }

    async fn create_label(&self, name: &str, color: &str) -> Performed<()> {
        Self::create_label(self, name, color).await
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

    async fn commit(&self, commit: &BranchCommit) -> Performed<CommitId> {
        Self::commit(self, commit).await
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

    async fn comment(&self, comment: &PullComment) -> Performed<()> {
        Self::comment(self, comment).await
    }

    async fn unassign(&self, issue: IssueNumber, login: &str) -> Performed<()> {
        Self::unassign(self, issue, login).await
    }

    async fn update_branch(&self, pull: PullNumber, head: CommitId) -> Performed<()> {
        Self::update_branch(self, pull, head).await
    }

    async fn approve(&self, pull: PullNumber, head: CommitId) -> Performed<()> {
        Self::approve(self, pull, head).await
    }

    async fn rerun(&self, run: u64) -> Performed<()> {
        Self::rerun(self, run).await
    }

    async fn describe(&self, pull: PullNumber, digest: &str, body: &str) -> Performed<()> {
        Self::describe(self, pull, digest, body).await
    }

    fn resume(&self, now: Timestamp, kept: Option<&Spending>) {
        Self::resume(self, now, kept);
    }

    fn drain(&self) -> Spending {
        Self::drain(self)
    }

    fn limits(&self) -> LimitsMet {
        Self::limits(self)
    }
}

impl ForgeCalls for Client {
    fn call(&self, write: &ForgeWrite) -> Call {
        Self::call(self, write)
    }
}

impl ForgeCheckup for Client {
    async fn identity(&self) -> Result<Identity, ForgeError> {
        Self::identity(self).await
    }

    async fn rights(&self) -> Result<Rights, ForgeError> {
        Self::rights(self).await
    }

    async fn mainline_rules(&self, branch: &str) -> Result<MainlineRules, ForgeError> {
        Self::mainline_rules(self, branch).await
    }

    async fn runs_need_approval(&self) -> Result<Option<bool>, ForgeError> {
        Self::runs_need_approval(self).await
    }

    async fn agent_assignable(&self) -> Result<bool, ForgeError> {
        Self::agent_assignable(self).await
    }
}
