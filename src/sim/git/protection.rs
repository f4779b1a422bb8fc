//! Branch protection at the git protocol, with GitHub's words.
//!
//! Git itself can only say `hook declined`; GitHub says `protected branch hook declined` for the one ref. So the
//! refusal is made by a `proc-receive` hook, which may word it per ref, and which lets everything else fall through
//! to git. It is switched on (`receive.procReceiveRefs`) only while something is protected.

use super::{GitError, Repository};

/// Speaks the protocol of `proc-receive` (see githooks(5)): packet lines of four hexadecimal digits and a text. It
/// reads `protected-mainline` (one ref) and `protected-branches` (one shell pattern a line) in the git directory.
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
decide() {
	if [ "$2" = $nul ] && [ -f "$GIT_DIR/protected-branches" ]; then
		while read -r pattern; do
			case $3 in
			refs/heads/$pattern) refused "$3" 'Cannot delete this branch'; return ;;
			esac
		done <"$GIT_DIR/protected-branches"
	fi
	if [ -f "$GIT_DIR/protected-mainline" ] && [ "$3" = "$(cat "$GIT_DIR/protected-mainline")" ]; then
		refused "$3" 'Changes must be made through a pull request.'
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

    /// Protects the mainline (if named) and these branches from deletion, and nothing else.
    pub(super) async fn switch_protection(&self, mainline: Option<&str>, undeletable: &[&str]) -> Result<(), GitError> {
        let mainline = mainline.map(|branch| format!("refs/heads/{branch}\n"));
        self.write_or_remove("protected-mainline", mainline.as_deref())?;
        let patterns: String = undeletable.iter().map(|pattern| format!("{pattern}\n")).collect();
        self.write_or_remove("protected-branches", Some(patterns.as_str()).filter(|text| !text.is_empty()))?;
        if mainline.is_none() && undeletable.is_empty() {
            let args = ["config", "--unset-all", "receive.procReceiveRefs"];
            self.output(self.command(&args), None).await?;
        } else {
            self.run(&["config", "receive.procReceiveRefs", "refs/heads"]).await?;
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
