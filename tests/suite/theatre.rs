//! The worlds that a scenario is played in: the wire with real git, the wire with git in memory, and memory.
//!
//! **Guarantees**: an act is the same act in all; what one of them can't do, no scenario asks for.

use crate::adapter::accident::Fate;
use crate::adapter::driver::{Seat, Toys};
use crate::adapter::{Folder, GitHub};
use crate::booth::Booth;
use crate::stage::Stage;
use orchestrator::decide::audit::Audit;
use orchestrator::engine::Cycle;
use orchestrator::engine::port::Remote as _;
use orchestrator::model::{Snapshot, StopPoint};
use orchestrator::sim::world::{MergeMethod, Settings, World};
use orchestrator::sim::{Accident, AccidentKind, FileChange, IssueKind, Script};

/// One of the worlds.
pub trait Theatre {
    async fn settled(&mut self) -> Vec<Cycle>;
    async fn one_cycle(&mut self) -> Cycle;
    /// A look that changes nothing, at everything that there is to compare.
    async fn look(&mut self) -> (Snapshot, Audit);
    async fn agent(&mut self);
    async fn push(&mut self, branch: &str, files: &[FileChange<'_>]);
    async fn open(&mut self, branch: &str, body: &str);
    /// Whether it was merged.
    async fn merge(&mut self, number: u64, method: MergeMethod) -> bool;
    async fn delete(&mut self, branch: &str);
    async fn protect(&mut self, protected: bool);
    async fn rules(&mut self, set: fn(&mut Settings));
    async fn files(&mut self) -> Vec<String>;
    fn script(&mut self, kind: IssueKind, script: Script);
    /// A file of the mainline.
    async fn rename(&mut self, from: &str, to: &str);
    async fn delete_ref(&mut self, name: &str);
    async fn push_back(&mut self, oid: &str);
    fn fresh_folder(&mut self);
    fn script_issue(&mut self, issue: u64, script: Script);
    fn pass(&mut self, seconds: i64);
    fn lose(&mut self, point: StopPoint, arrives: bool);
    fn world<T>(&mut self, act: impl FnOnce(&mut World) -> T) -> T;
}

pub const LIMIT: usize = 150;

/// The accident by which the next write of a kind, or its answer, is lost on the wire.
fn lost(point: StopPoint, arrives: bool) -> Accident {
    let (method, path_end, body_part) = match point {
        StopPoint::Create => ("POST", "/issues", ""),
        StopPoint::Assign => ("POST", "/assignees", ""),
        StopPoint::Mark => ("POST", "/graphql", "markPullRequestReadyForReview"),
        StopPoint::Merge => ("PUT", "/merge", ""),
        // One that GitHub commits; a push is not told apart from others.
        StopPoint::Move => ("POST", "/graphql", "createCommitOnBranch"),
        StopPoint::DeleteBranch => ("POST", "/graphql", "updateRefs"),
        // Whichever push comes next; the scenario sees to it that it is this one.
        StopPoint::Attempt | StopPoint::Baseline => ("POST", "/git-receive-pack", ""),
        other => panic!("no request is known for {other}"),
    };
    let kind = if arrives { AccidentKind::After(502) } else { AccidentKind::Before(502) };
    Accident { body_part: body_part.to_owned(), ..Accident::on(method, path_end, kind) }
}

impl Theatre for Stage {
    async fn settled(&mut self) -> Vec<Cycle> {
        self.settle(LIMIT).await
    }
    async fn one_cycle(&mut self) -> Cycle {
        self.cycle().await
    }
    async fn look(&mut self) -> (Snapshot, Audit) {
        let lock = self.engine.remote.lock().await.expect("nobody else holds the lock");
        self.engine.look_for_audit(&lock).await.expect("a look")
    }
    async fn agent(&mut self) {
        self.sim.step_agent().await.expect("the agent works");
    }
    async fn push(&mut self, branch: &str, files: &[FileChange<'_>]) {
        self.sim.commit_files(branch, files, "by hand").await.expect("a commit");
    }
    async fn open(&mut self, branch: &str, body: &str) {
        let viewer = self.sim.world(|world| world.viewer());
        self.sim.open_pull(viewer, branch, "By hand", body).await.expect("a pull request");
    }
    async fn merge(&mut self, number: u64, method: MergeMethod) -> bool {
        let viewer = self.sim.world(|world| world.viewer());
        self.sim.merge_pull(viewer, number, method).await.is_ok()
    }
    async fn delete(&mut self, branch: &str) {
        let viewer = self.sim.world(|world| world.viewer());
        self.sim.delete_branch(viewer, branch).await.expect("deleted");
    }
    async fn rules(&mut self, set: fn(&mut Settings)) {
        self.sim.set_rules(set).await.expect("the rules are set");
    }
    async fn protect(&mut self, protected: bool) {
        self.sim.protect_mainline(protected).await.expect("protected");
    }
    async fn files(&mut self) -> Vec<String> {
        self.sim.list_files("main").await.expect("a tree")
    }
    fn script(&mut self, kind: IssueKind, script: Script) {
        self.sim.script_kind(kind, script);
    }
    async fn rename(&mut self, from: &str, to: &str) {
        let content = self.sim.read_file("main", from).await.expect("a tree").expect("it lies there");
        self.push("main", &[(from, None), (to, Some(&content))]).await;
    }
    async fn delete_ref(&mut self, name: &str) {
        self.sim.delete_ref(name).await.expect("deleted");
    }
    async fn push_back(&mut self, oid: &str) {
        self.sim.force_push("main", oid).await.expect("pushed back");
    }
    fn fresh_folder(&mut self) {
        self.move_out();
    }
    fn script_issue(&mut self, issue: u64, script: Script) {
        self.sim.script_issue(issue, script);
    }
    fn pass(&mut self, seconds: i64) {
        self.advance(seconds);
    }
    fn lose(&mut self, point: StopPoint, arrives: bool) {
        self.sim.arrange(lost(point, arrives));
    }
    fn world<T>(&mut self, act: impl FnOnce(&mut World) -> T) -> T {
        self.sim.world(act)
    }
}

/// A world whose git is in memory.
pub trait InMemory {
    fn github(&self) -> &GitHub;
    async fn settled(&mut self) -> Vec<Cycle>;
    async fn one_cycle(&mut self) -> Cycle;
    async fn look(&mut self) -> (Snapshot, Audit);
    fn fresh_folder(&mut self);
    fn lose(&mut self, point: StopPoint, arrives: bool);
}

impl<M: InMemory> Theatre for M {
    async fn settled(&mut self) -> Vec<Cycle> {
        InMemory::settled(self).await
    }
    async fn one_cycle(&mut self) -> Cycle {
        InMemory::one_cycle(self).await
    }
    async fn look(&mut self) -> (Snapshot, Audit) {
        InMemory::look(self).await
    }
    async fn agent(&mut self) {
        self.github().sim().step_agent().expect("the agent works");
    }
    async fn push(&mut self, branch: &str, files: &[FileChange<'_>]) {
        self.github().sim().commit_files(branch, files, "by hand").expect("a commit");
    }
    async fn open(&mut self, branch: &str, body: &str) {
        let viewer = self.world(|world| world.viewer());
        self.github().sim().open_pull(viewer, branch, "By hand", body).expect("a pull request");
    }
    async fn merge(&mut self, number: u64, method: MergeMethod) -> bool {
        let viewer = self.world(|world| world.viewer());
        self.github().sim().merge_pull(viewer, number, method).is_ok()
    }
    async fn delete(&mut self, branch: &str) {
        let viewer = self.world(|world| world.viewer());
        self.github().sim().delete_branch(viewer, branch).expect("deleted");
    }
    async fn rules(&mut self, set: fn(&mut Settings)) {
        self.github().sim().set_rules(set);
    }
    async fn protect(&mut self, protected: bool) {
        self.github().sim().protect_mainline(protected);
    }
    async fn files(&mut self) -> Vec<String> {
        self.github().sim().list_files("main").expect("a tree")
    }
    fn script(&mut self, kind: IssueKind, script: Script) {
        self.github().sim().script_kind(kind, script);
    }
    async fn rename(&mut self, from: &str, to: &str) {
        let content = self.github().sim().read_file("main", from).expect("a tree").expect("it lies there");
        self.push("main", &[(from, None), (to, Some(&content))]).await;
    }
    async fn delete_ref(&mut self, name: &str) {
        self.github().sim().delete_ref(name).expect("deleted");
    }
    async fn push_back(&mut self, oid: &str) {
        self.github().sim().force_push("main", oid).expect("pushed back");
    }
    fn fresh_folder(&mut self) {
        InMemory::fresh_folder(self);
    }
    fn script_issue(&mut self, issue: u64, script: Script) {
        self.github().sim().script_issue(issue, script);
    }
    fn pass(&mut self, seconds: i64) {
        self.github().sim().advance(jiff::SignedDuration::from_secs(seconds));
    }
    fn lose(&mut self, point: StopPoint, arrives: bool) {
        InMemory::lose(self, point, arrives);
    }
    fn world<T>(&mut self, act: impl FnOnce(&mut World) -> T) -> T {
        self.github().sim().world(act)
    }
}

impl InMemory for Toys {
    fn github(&self) -> &GitHub {
        &self.github
    }
    async fn settled(&mut self) -> Vec<Cycle> {
        self.settle(LIMIT).await
    }
    async fn one_cycle(&mut self) -> Cycle {
        self.cycle().await
    }
    async fn look(&mut self) -> (Snapshot, Audit) {
        let lock = self.seat.engine.remote.lock().await.expect("nobody else holds the lock");
        self.seat.engine.look_for_audit(&lock).await.expect("a look")
    }
    fn fresh_folder(&mut self) {
        let folder = Folder::new("two");
        self.seat = Seat::new(&self.github, &folder, self.seat.account, &self.seat.accidents);
    }
    fn lose(&mut self, point: StopPoint, arrives: bool) {
        self.seat.accidents.arrange(point, if arrives { Fate::AnswerLost } else { Fate::BadGatewayBefore });
    }
}

impl InMemory for Booth {
    fn github(&self) -> &GitHub {
        &self.github
    }
    async fn settled(&mut self) -> Vec<Cycle> {
        self.settle(LIMIT).await
    }
    async fn one_cycle(&mut self) -> Cycle {
        self.cycle().await
    }
    async fn look(&mut self) -> (Snapshot, Audit) {
        let lock = self.engine.remote.lock().await.expect("nobody else holds the lock");
        self.engine.look_for_audit(&lock).await.expect("a look")
    }
    fn fresh_folder(&mut self) {
        self.move_out();
    }
    fn lose(&mut self, point: StopPoint, arrives: bool) {
        self.wire.arrange(lost(point, arrives));
    }
}
