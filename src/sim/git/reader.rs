//! Objects and revisions, read by one resident `git cat-file --batch`.
//!
//! Needs `git` and a repository. Guarantees: what was written before a question is seen by it, whoever wrote it (git looks
//! for new objects where it finds none, and reads refs anew each time); a question that is given up midway never answers a
//! later one, since its process ends with it.
//!
//! A program for each question was a third of what the simulator's git did in a loop.

use std::process::Stdio;

use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};
use tokio::sync::Mutex;

use jiff::Timestamp;

use super::GitError;
use crate::sim::world::Commit;

/// What a revision names.
pub(super) struct Object {
    pub oid: String,
    pub content: Vec<u8>,
}

#[derive(Debug)]
struct Resident {
    // Ends when this is dropped.
    _child: Child,
    questions: ChildStdin,
    answers: BufReader<ChildStdout>,
}

/// Asks one question after the other.
#[derive(Default, Debug)]
pub(super) struct Reader(Mutex<Option<Resident>>);

impl Reader {
    /// What a revision names, if it is there. `command` makes a git command in the repository.
    pub async fn object(
        &self,
        command: impl Fn(&[&str]) -> Command,
        revision: &str,
    ) -> Result<Option<Object>, GitError> {
        if revision.contains('\n') {
            // No name of a ref holds one, and a path with one is asked for by nobody.
            return Ok(None);
        }
        let mut seat = self.0.lock().await;
        // Taken out for the length of the question: who is cancelled in it leaves no process behind that is half way.
        let mut resident = match seat.take() {
            Some(resident) => resident,
            None => Resident::start(command(&["cat-file", "--batch"]))?,
        };
        let object = resident.ask(revision).await?;
        *seat = Some(resident);
        Ok(object)
    }
}

impl Resident {
    fn start(mut command: Command) -> Result<Resident, GitError> {
        let mut child = command.stdin(Stdio::piped()).stderr(Stdio::null()).spawn()?;
        let pipes = child.stdin.take().zip(child.stdout.take());
        let (questions, answers) = pipes.ok_or_else(|| std::io::Error::other("git was started without pipes"))?;
        Ok(Resident { _child: child, questions, answers: BufReader::new(answers) })
    }

    async fn ask(&mut self, revision: &str) -> Result<Option<Object>, GitError> {
        self.questions.write_all(format!("{revision}\n").as_bytes()).await?;
        let mut head = Vec::new();
        self.answers.read_until(b'\n', &mut head).await?;
        let head = String::from_utf8_lossy(&head);
        let Some(head) = head.strip_suffix('\n') else {
            let message = "git ended before it answered".to_owned();
            return Err(GitError::Failed { command: format!("cat-file --batch of {revision}"), message });
        };
        let mut words = head.split(' ');
        let (Some(oid), Some(_), Some(size), None) = (words.next(), words.next(), words.next(), words.next()) else {
            // `<revision> missing`, or `ambiguous`.
            return Ok(None);
        };
        let Some(size) = size.parse::<usize>().ok().filter(|_| oid.len() == 40) else {
            return Ok(None);
        };
        let oid = oid.to_owned();
        let mut content = vec![0; size];
        self.answers.read_exact(&mut content).await?;
        // A line end behind every object.
        self.answers.read_u8().await?;
        Ok(Some(Object { oid, content }))
    }
}

/// Takes a commit object apart.
pub(super) fn commit(object: &Object) -> Option<Commit> {
    let text = String::from_utf8_lossy(&object.content);
    let (head, message) = text.split_once("\n\n").unwrap_or((&text, ""));
    let fields: Vec<(&str, &str)> = head.lines().filter_map(|line| line.split_once(' ')).collect();
    let first = |name: &str| fields.iter().find(|(key, _)| *key == name).map(|(_, value)| *value);
    let parents = fields.iter().filter(|(key, _)| *key == "parent").map(|(_, oid)| (*oid).to_owned()).collect();
    let tree = first("tree")?.to_owned();
    let (author, authored_at) = signed(first("author")?)?;
    let (committer, committed_at) = signed(first("committer")?)?;
    let message = message.trim_end().to_owned();
    Some(Commit { oid: object.oid.clone(), authored_at, committed_at, author, committer, tree, parents, message })
}

/// `name <address> second zone`.
fn signed(line: &str) -> Option<((String, String), Timestamp)> {
    let (who, when) = line.rsplit_once("> ")?;
    let (name, address) = who.split_once('<')?;
    let second = when.split(' ').next()?.parse().ok()?;
    Some(((name.trim_end().to_owned(), address.to_owned()), Timestamp::from_second(second).ok()?))
}

#[cfg(test)]
mod tests {
    use crate::sim::git::{NewCommit, Objects as _, Repository, Signature};
    use jiff::Timestamp;

    async fn repository(root: &std::path::Path) -> Repository {
        Repository::create(root, "o", "r", "main").await.expect("a repository")
    }

    async fn write(git: &Repository, message: &str) -> String {
        let tree = git.write_tree(None, &[("a.md", Some(message.as_bytes()))]).await.expect("a tree");
        let author = Signature { name: "A <B".to_owned(), email: "a@example.org".to_owned() };
        let (committer, at) = (Signature::github(), Timestamp::from_second(1_800_000_000).expect("a time"));
        let new = NewCommit { tree: &tree, parents: &[], message, author: &author, committer: &committer, at };
        let oid = git.write_commit(new).await.expect("a commit");
        git.set_ref("refs/heads/main", &oid).await.expect("it is pointed there");
        oid
    }

    #[tokio::test]
    async fn what_is_written_after_the_process_began_is_seen_by_it() {
        let root = tempfile::tempdir().expect("a folder");
        let git = repository(root.path()).await;
        assert_eq!(git.resolve("main").await.expect("it answers"), None);
        for message in ["one\n\nand more", "two"] {
            let oid = write(&git, message).await;
            assert_eq!(git.resolve("refs/heads/main").await.expect("it answers"), Some(oid.clone()));
            let content = git.read_file("main", "a.md").await.expect("it answers");
            assert_eq!(content.as_deref(), Some(message.as_bytes()));
            let commit = git.commit(&oid).await.expect("it is there");
            assert_eq!((commit.message.as_str(), commit.parents.len()), (message, 0));
            assert_eq!((commit.author.0.as_str(), commit.committer.0.as_str()), ("A B", "GitHub"));
            assert_eq!(commit.authored_at.as_second(), 1_800_000_000);
        }
        assert_eq!(git.read_file("main", "b.md").await.expect("it answers"), None);
        assert_eq!(git.resolve("main\nmain").await.expect("it answers"), None);
    }

    #[tokio::test]
    async fn a_question_that_is_given_up_answers_no_later_one() {
        let root = tempfile::tempdir().expect("a folder");
        let git = repository(root.path()).await;
        write(&git, "one").await;
        for _ in 0..20 {
            let asked = git.read_file("main", "a.md");
            tokio::select! {
                biased;
                _ = asked => {}
                () = std::future::ready(()) => {}
            }
            assert_eq!(git.resolve("nowhere").await.expect("it answers"), None);
            assert!(git.read_file("main", "a.md").await.expect("it answers").is_some());
        }
    }
}
