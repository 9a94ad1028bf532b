//! What varies between runs of one scenario without a copy of it: the axes of the runner.

use std::fmt;

use wirelaw_reference::seq::Seq;

use crate::habits::HabitValue;

/// The address family in which a scenario runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub enum Ip {
    /// IPv4
    #[default]
    V4,
    /// IPv6
    V6,
    /// Sockets of IPv6 that speak IPv4: their addresses are IPv4-mapped ones (RFC 4291 §2.5.5.2).
    Mapped,
}

impl Ip {
    /// Every family.
    pub const ALL: [Ip; 3] = [Ip::V4, Ip::V6, Ip::Mapped];

    /// `4` or `6`: the version of the packets, as the JSON report writes it.
    pub const fn number(self) -> u8 {
        match self {
            Ip::V4 | Ip::Mapped => 4,
            Ip::V6 => 6,
        }
    }

    /// As packetdrill's `--ip_version` writes it.
    pub const fn name(self) -> &'static str {
        match self {
            Ip::V4 => "ipv4",
            Ip::V6 => "ipv6",
            Ip::Mapped => "ipv4-mapped-ipv6",
        }
    }

    /// The family of this [`Ip::name`].
    pub fn named(name: &str) -> Option<Ip> {
        Ip::ALL.into_iter().find(|ip| ip.name() == name)
    }
}

impl fmt::Display for Ip {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// One point of the matrix in which a scenario runs on a stack.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Axes {
    /// The address family.
    pub ip: Ip,
    /// The initial sequence number of both sides; `None`: what the scenario or the seed says.
    pub isn: Option<Seq>,
    /// Where all randomness of the run comes from.
    pub seed: u64,
    /// The habits that the stack is asked for; those of the scenario come after them.
    pub with: Vec<HabitValue>,
    /// How long a run may last on a clock on the wall, in seconds.
    pub longest: u64,
    /// Whether a live kernel's run may give shell lines that nobody understands to a shell.
    pub allow_shell: bool,
}

impl Default for Axes {
    fn default() -> Axes {
        let (ip, with) = (Ip::default(), Vec::new());
        Axes { ip, isn: None, seed: 0, with, longest: Axes::LONGEST, allow_shell: false }
    }
}

impl Axes {
    /// How long a run may last on a clock on the wall unless somebody asks for more, in seconds.
    pub const LONGEST: u64 = 180;

    /// The initial sequence numbers of a sweep: both ends of the circle, its middle, and a start
    /// from which a few segments walk over the end.
    pub const SWEEP: [Seq; 6] = [Seq(0), Seq(1), Seq((1 << 31) - 1), Seq(1 << 31), Seq(u32::MAX - 15), Seq(u32::MAX)];
}

impl fmt::Display for Axes {
    /// Nothing for a plain IPv4 run, else `ipv6`, `isn 0`, or both: what a reader must know to repeat it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut space = "";
        if self.ip != Ip::V4 {
            write!(f, "{}", self.ip)?;
            space = " ";
        }
        if let Some(isn) = self.isn {
            write!(f, "{space}isn {}", isn.0)?;
            space = " ";
        }
        if self.seed != 0 {
            write!(f, "{space}seed {}", self.seed)?;
            space = " ";
        }
        for habit in &self.with {
            write!(f, "{space}{habit}")?;
            space = " ";
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shows_only_what_differs_from_a_plain_run() {
        assert_eq!(Axes::default().to_string(), "");
        assert_eq!(Axes { ip: Ip::V6, ..Axes::default() }.to_string(), "ipv6");
        assert_eq!(
            Axes { ip: Ip::V6, isn: Some(Seq(7)), seed: 3, with: Vec::new(), ..Axes::default() }.to_string(),
            "ipv6 isn 7 seed 3"
        );
    }
}
