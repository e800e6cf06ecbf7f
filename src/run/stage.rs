//! The folder that a run fills: begun and published, and what was found there told.

use super::progress::Progress;
use crate::output::access::Access;
use crate::output::error::OutputError;
use crate::output::publish::Stage;
use std::path::Path;

/// Begins to fill a folder; tells what a killed run had left.
///
/// # Errors
/// Those of [`Stage::create`].
pub(crate) fn begin(out: &Path, force: bool, access: Access, progress: &dyn Progress) -> Result<Stage, OutputError> {
    Stage::create(out, force, access, &mut |left| progress.leftover(&left))
}

/// Publishes a folder; tells where a run that it replaced could not be removed.
///
/// # Errors
/// Those of [`Stage::publish`].
pub(crate) fn publish(stage: Stage, progress: &dyn Progress) -> Result<(), OutputError> {
    if let Some(left) = stage.publish()? {
        progress.leftover(&left);
    }
    Ok(())
}
