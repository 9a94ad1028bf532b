//! What deployed stacks do differently from the advice of RFC 9293, as far as [`Config`] has a choice for it.
//!
//! The numbers are what these systems document as their defaults (Linux: `ip-sysctl`, `tcp(7)`; FreeBSD: `tcp(4)`).
//! A family sets nothing in which the system agrees with [`Config::default`], but for what another family sets: so
//! the last one that is asked for counts.

use crate::tcp::{
    Config, CongestionControl, InitialWindow, Limit, OptionOrder, Reopening, SoftErrors, SynInSynReceived, WindowProbe,
};
use crate::time::Duration;

impl Config {
    /// The habits of Linux.
    pub fn linux() -> Config {
        let mut config = Config::default();
        config.follow_linux();
        config
    }

    /// The habits of FreeBSD.
    pub fn freebsd() -> Config {
        let mut config = Config::default();
        config.follow_freebsd();
        config
    }

    pub(in crate::tcp) fn follow_linux(&mut self) {
        // TIME-WAIT is fixed to a minute
        self.msl = Duration::from_secs(30);
        // a fifth of what RFC 6298 §2.4 advises: delayed acknowledgments come sooner than that
        self.min_rto = Duration::from_millis(200);
        self.max_rto = Duration::from_mins(2);
        // tcp_retries2: the 15th retransmission, doubled from the least RTO, times out after this
        self.r2 = Duration::from_millis(924_600);
        // delayed acknowledgments come after 40 ms at the least, and not before slow start is under way
        self.delayed_ack = Some(Duration::from_millis(40));
        self.quick_acks = 16;
        self.initial_window = InitialWindow::Rfc6928;
        // tcp_congestion_control, tcp_recovery, tcp_early_retrans, tcp_frto
        self.congestion_control = CongestionControl::Cubic;
        (self.rack, self.tail_loss_probe, self.f_rto) = (true, true, true);
        // tcp_invalid_ratelimit: one per socket in half a second
        self.challenge_ack_limit = Some(Limit { count: 1, per: Duration::from_millis(500) });
        self.stray_ack_limit = self.challenge_ack_limit;
        // tcp_syn_retries: six retransmissions from one second on, less than MUST-23 asks for
        self.r2_syn = Duration::from_secs(127);
        self.syn_retries = Some(6);
        self.syn_ack_retries = Some(5);
        // an ICMP error of any kind ends a connect (RFC 5461 §4.1)
        self.soft_errors = SoftErrors::EndHandshakes;
        // net.ipv4.route.min_pmtu
        self.path_mtu_not_below(552);
        self.fin_wait_2_timeout = Some(Duration::from_mins(1));
        self.syn_in_syn_received = SynInSynReceived::Reset;
        self.repeat_syn_ack = true;
        self.window_probe = WindowProbe::OldNumber;
        self.min_persist = None;
        self.syn_options = OptionOrder::Linux;
        self.resets_end_time_wait = true;
        // a SYN that does not reopen TIME-WAIT is acknowledged there, not dropped
        self.reopen_time_wait = Reopening::ByEither;
        // what belongs to no socket is answered without a look at its options
        self.reset_timestamps = false;
    }

    /// IPv6 has a limit of its own (RFC 8200 §5), which no setting lowers.
    fn path_mtu_not_below(&mut self, octets: u16) {
        if self.min_path_mtu < 1280 {
            self.min_path_mtu = octets;
        }
    }

    pub(in crate::tcp) fn follow_freebsd(&mut self) {
        let own = Config::default();
        self.r2 = own.r2;
        self.quick_acks = own.quick_acks;
        (self.rack, self.tail_loss_probe, self.f_rto) = (own.rack, own.tail_loss_probe, own.f_rto);
        self.challenge_ack_limit = own.challenge_ack_limit;
        self.stray_ack_limit = own.stray_ack_limit;
        (self.syn_retries, self.syn_ack_retries) = (own.syn_retries, own.syn_ack_retries);
        self.syn_in_syn_received = own.syn_in_syn_received;
        self.window_probe = own.window_probe;
        self.reopen_time_wait = own.reopen_time_wait;
        // net.inet.tcp.msl
        self.msl = Duration::from_secs(30);
        // net.inet.tcp.rexmit_min: the clock is fine enough to let variance alone guard the RTO
        self.min_rto = Duration::from_millis(30);
        self.max_rto = Duration::from_secs(64);
        // net.inet.tcp.delacktime, net.inet.tcp.initcwnd_segments, and its way to write options
        self.delayed_ack = Some(Duration::from_millis(40));
        self.initial_window = InitialWindow::Rfc6928;
        self.syn_options = OptionOrder::FreeBsd;
        // net.inet.tcp.cc.algorithm, since release 14
        self.congestion_control = CongestionControl::Cubic;
        // net.inet.tcp.keepinit: nobody who connects waits longer, less than MUST-23 asks for
        self.r2_syn = Duration::from_secs(75);
        self.soft_errors = SoftErrors::EndHandshakesAfter(3);
        // net.inet.tcp.minmss, with the headers
        self.path_mtu_not_below(256);
        self.fin_wait_2_timeout = Some(Duration::from_mins(1));
        self.repeat_syn_ack = true;
        // net.inet.tcp.persmin
        self.min_persist = Some(Duration::from_secs(5));
        // what belongs to no connection is answered without a look at its options
        self.reset_timestamps = false;
        // RFC 1337's first fix is not a choice there
        self.resets_end_time_wait = false;
    }
}
