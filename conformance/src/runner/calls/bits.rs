//! Sets of flags by the names of their members, for messages.

use crate::posix::{names, symbol};

/// The names that begin with `prefix` (`EPOLL`, `POLL`, `MSG_`) for the bits of `value`, joined as scripts join them.
pub(super) fn named(prefix: &str, value: i32) -> String {
    let value = u32::from_ne_bytes(value.to_ne_bytes());
    if value == 0 {
        return "0".to_owned();
    }
    let of_bit = |bit: u32| {
        // EPOLL_CTL_ADD is no event
        let is_one = |name: &&str| name.strip_prefix(prefix).is_some_and(|rest| !rest.starts_with('_'));
        let name = names().filter(is_one).find(|name| symbol(name) == Some(i64::from(bit)));
        name.map_or_else(|| format!("{bit:#x}"), str::to_owned)
    };
    let bits = (0..32).map(|at| 1 << at).filter(|bit| value & bit != 0);
    bits.map(of_bit).collect::<Vec<_>>().join("|")
}

#[cfg(test)]
mod tests {
    use super::named;

    #[test]
    fn flags_are_told_by_name() {
        assert_eq!(named("EPOLL", 0x8000_0005_u32 as i32), "EPOLLIN|EPOLLOUT|EPOLLET");
        assert_eq!(named("POLL", 0x2011), "POLLIN|POLLHUP|POLLRDHUP");
        assert_eq!(named("MSG_", 0x2020), "MSG_TRUNC|MSG_ERRQUEUE");
        assert_eq!(named("POLL", 0), "0");
        assert_eq!(named("POLL", 0x40_0001), "POLLIN|0x400000");
    }
}
