use super::{Errno, is_foreign, names, symbol};

/// One of each family, as the headers of Linux have it.
#[test]
fn names_have_the_numbers_of_linux() {
    let known = [
        ("AF_INET6", 10),
        ("SOCK_NONBLOCK", 2048),
        ("IPPROTO_UDPLITE", 136),
        ("SO_ZEROCOPY", 60),
        ("SO_MEMINFO", 55),
        ("SOF_TIMESTAMPING_OPT_ID", 128),
        ("SCM_TIMESTAMPING_OPT_STATS", 54),
        ("SO_EE_ORIGIN_ZEROCOPY", 5),
        ("TCP_NLA_BUSY", 1),
        ("TCP_NLA_SRTT", 22),
        ("TCP_CA_LOSS", 4),
        ("IP_PMTUDISC_PROBE", 3),
        ("IPV6_HOPLIMIT", 52),
        ("TCP_FASTOPEN_KEY", 33),
        ("TCP_CM_INQ", 36),
        ("UDPLITE_RECV_CSCOV", 11),
        ("O_CREAT", 0o100),
        ("SEEK_END", 2),
        ("MSG_ZEROCOPY", 0x400_0000),
        ("FIONREAD", 0x541b),
        ("POLLRDHUP", 0x2000),
        ("EPOLLET", 1 << 31),
        ("SPLICE_F_MORE", 4),
        ("CAP_NET_ADMIN", 12),
        ("EHWPOISON", 133),
        ("EWOULDBLOCK", 11),
    ];
    for (name, number) in known {
        assert_eq!(symbol(name), Some(number), "{name}");
    }
    assert_eq!(symbol("SO_REUSADDR"), None);
}

#[test]
fn every_name_has_a_number_and_is_ours() {
    for name in names() {
        assert!(symbol(name).is_some() && !is_foreign(name), "{name}");
    }
    assert!(is_foreign("TCP_RACK_PACE_ALWAYS") && is_foreign("TCP_NOOPT") && !is_foreign("TCP_NOOPTS"));
    assert_eq!(Errno::parse("ESTALE").map(Errno::text), Some("Stale file handle"));
}
