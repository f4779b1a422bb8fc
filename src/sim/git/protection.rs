//! Branch protection at the git protocol, with GitHub's words.
//!
//! Git itself can only say `hook declined`; GitHub says `protected branch hook declined` for the one ref, or names the
//! rules that a push breaks (GH013). So the refusal is made by a `proc-receive` hook, which may word it per ref, and which
//! lets everything else fall through to git. It is switched on (`receive.procReceiveRefs`) only while something is protected.

use super::{GitError, Repository};

/// What is protected against pushes.
#[derive(Clone, Copy, Debug)]
pub(in crate::sim) struct PushRules<'a> {
    /// The mainline's name.
    pub mainline: &'a str,
    /// The mainline takes changes through pull requests only.
    pub pull_request: bool,
    /// It takes signed commits only.
    pub signatures: bool,
    /// Whoever may push may break these rules.
    pub bypassable: bool,
    /// Branches that can't be deleted: names, or patterns with `*`.
    pub undeletable: &'a [&'a str],
}

/// Speaks the protocol of `proc-receive` (see githooks(5)): packet lines of four hexadecimal digits and a text. It
/// reads `protected-mainline` and `signed-mainline` (one ref each), `bypassable-rules` (which only has to be there) and
/// `protected-branches` (one shell pattern a line) in the git directory. What is pushed counts as unsigned.
const HOOK: &str = r#"#!/bin/sh
nul=0000000000000000000000000000000000000000
packet() {
	length=$(dd bs=1 count=4 2>/dev/null)
	case $length in
	'' | 0000) return 1 ;;
	esac
	line=$(dd bs=1 count=$((0x$length - 4)) 2>/dev/null | tr '\0' ' ')
}
say() { printf '%04x%s\n' $((${#1} + 5)) "$1"; }
refused() {
	echo "error: GH006: Protected branch update failed for $1." >&2
	echo >&2
	echo "- $2" >&2
	say "ng $1 protected branch hook declined"
}
is_in() { [ -f "$GIT_DIR/$1" ] && [ "$2" = "$(cat "$GIT_DIR/$1")" ]; }
broken() {
	echo >&2
	if [ -n "$pull" ]; then
		printf -- '- %s\n\n' "$pull" >&2
	fi
	if [ -n "$signed" ]; then
		printf -- '- Commits must have verified signatures.\n  Found 1 violation:\n\n  %s\n\n' "$1" >&2
	fi
}
decide() {
	if [ "$2" = $nul ] && [ -f "$GIT_DIR/protected-branches" ]; then
		while read -r pattern; do
			case $3 in
			refs/heads/$pattern) refused "$3" 'Cannot delete this branch'; return ;;
			esac
		done <"$GIT_DIR/protected-branches"
	fi
	pull='Changes must be made through a pull request.'
	if ! is_in protected-mainline "$3"; then
		pull=
	fi
	signed=
	if is_in signed-mainline "$3"; then
		signed=yes
	fi
	if [ -n "$pull$signed" ] && [ -f "$GIT_DIR/bypassable-rules" ]; then
		echo "Bypassed rule violations for $3:" >&2
		broken "$2"
	elif [ -n "$signed" ]; then
		echo "error: GH013: Repository rule violations found for $3." >&2
		echo "Review all repository rules at https://github.com/rules?ref=$3" >&2
		broken "$2"
		say "ng $3 push declined due to repository rule violations"
		return
	elif [ -n "$pull" ]; then
		refused "$3" "$pull"
		return
	fi
	say "ok $3"
	say 'option fall-through'
}
while packet; do :; done
say version=1
printf 0000
commands=
while packet; do
	commands="$commands$line
"
done
printf '%s' "$commands" | while read -r old new ref; do decide "$old" "$new" "$ref"; done
printf 0000
"#;

impl Repository {
    /// Writes the hook; it does nothing until something is protected.
    pub(super) fn install_hook(&self) -> Result<(), GitError> {
        let hooks = self.dir.join("hooks");
        std::fs::create_dir_all(&hooks)?;
        let path = hooks.join("proc-receive");
        std::fs::write(&path, HOOK)?;
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755))?;
        }
        Ok(())
    }

    /// Lets these rules be enforced, and no others.
    pub(super) async fn switch_protection(&self, rules: &PushRules<'_>) -> Result<(), GitError> {
        let mainline = format!("refs/heads/{}\n", rules.mainline);
        let when = |holds: bool| holds.then_some(mainline.as_str());
        self.write_or_remove("protected-mainline", when(rules.pull_request))?;
        self.write_or_remove("signed-mainline", when(rules.signatures))?;
        self.write_or_remove("bypassable-rules", when(rules.bypassable))?;
        let patterns: String = rules.undeletable.iter().map(|pattern| format!("{pattern}\n")).collect();
        self.write_or_remove("protected-branches", Some(patterns.as_str()).filter(|text| !text.is_empty()))?;
        if rules.pull_request || rules.signatures || !rules.undeletable.is_empty() {
            self.run(&["config", "receive.procReceiveRefs", "refs/heads"]).await?;
        } else {
            let args = ["config", "--unset-all", "receive.procReceiveRefs"];
            self.output(self.command(&args), None).await?;
        }
        Ok(())
    }

    fn write_or_remove(&self, name: &str, text: Option<&str>) -> Result<(), GitError> {
        let path = self.dir.join(name);
        match text {
            Some(text) => std::fs::write(path, text)?,
            None => match std::fs::remove_file(path) {
                Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                    return Err(error.into());
                }
                Ok(()) | Err(_) => {}
            },
        }
        Ok(())
    }
}
