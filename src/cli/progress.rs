//! How far a fetch is, at a terminal.
//!
//! **Guarantees**: nothing is drawn where nobody looks: not into a pipe, not with `--quiet`; nothing is left behind.

use crate::repo::{Observer, Progress};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use std::sync::Arc;

/// Draws what git tells of a fetch.
pub(super) fn observer(visible: bool) -> Option<Observer> {
    if !visible {
        return None;
    }
    let bar = ProgressBar::with_draw_target(Some(1), ProgressDrawTarget::stderr_with_hz(10));
    // The template is a literal; a style that it can't make would be the default one.
    bar.set_style(
        ProgressStyle::with_template("{msg} {wide_bar} {pos}/{len}").unwrap_or_else(|_| ProgressStyle::default_bar()),
    );
    let draw = move |progress: &Progress| {
        bar.set_message(progress.what.clone());
        bar.set_length(progress.of);
        bar.set_position(progress.done);
        // Each step of a fetch begins anew; after the last one the line is taken away.
        if progress.done >= progress.of {
            bar.finish_and_clear();
        } else {
            bar.reset_eta();
        }
    };
    Some(Arc::new(draw))
}
