//! Capabilities of the process, which scripts drop to see what the kernel then refuses.

use std::io;
use std::sync::atomic::{AtomicBool, Ordering};

use rustix::process::getpid;
use rustix::thread::{CapabilitySet, capabilities, set_capabilities};

use crate::posix::{CAP_EFFECTIVE, CAP_INHERITABLE, CAP_PERMITTED};

/// Whether a script has changed any. Each thread has its own, and calls that block are made in others.
static ARE_CHANGED: AtomicBool = AtomicBool::new(false);

/// Gives the calling thread a capability in one of its three sets, or takes it away.
pub(super) fn set(set: i32, capability: i32, is_set: bool) -> io::Result<i64> {
    let invalid = || io::Error::from_raw_os_error(libc::EINVAL);
    let bit = u32::try_from(capability).ok().and_then(|bit| 1_u64.checked_shl(bit)).ok_or_else(invalid)?;
    let mut sets = capabilities(None)?;
    let chosen = match i64::from(set) {
        CAP_EFFECTIVE => &mut sets.effective,
        CAP_PERMITTED => &mut sets.permitted,
        CAP_INHERITABLE => &mut sets.inheritable,
        _ => return Err(invalid()),
    };
    chosen.set(CapabilitySet::from_bits_retain(bit), is_set);
    set_capabilities(None, sets)?;
    ARE_CHANGED.store(true, Ordering::Release);
    Ok(0)
}

/// Gives the calling thread what the script has made of the main one.
pub(super) fn follow() {
    if ARE_CHANGED.load(Ordering::Acquire)
        && let Ok(sets) = capabilities(Some(getpid()))
    {
        let _ = set_capabilities(None, sets); // what a thread has dropped it cannot have again: nor can the main one
    }
}
