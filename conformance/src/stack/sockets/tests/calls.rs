//! Opening, binding, listening, accepting.

use super::fake::{Kit, any, read, remote, write};
use crate::posix::{Errno, F_GETFL, F_SETFL, O_NONBLOCK, O_RDWR, SO_REUSEADDR, SOL_SOCKET};
use crate::stack::StackError;
use crate::trace::{Call, Fd, Instant, Stimulus, Ticket};

fn bind(fd: Fd, port: u16) -> Call {
    Call::Bind { fd, address: any(port) }
}

fn listen(fd: Fd) -> Call {
    Call::Listen { fd, backlog: 1 }
}

#[test]
fn socket_knows_families_kinds_and_protocols() {
    let mut kit = Kit::new();
    let socket = |domain, kind, protocol| Call::Socket { domain, kind, protocol };
    assert_eq!(kit.call(socket(2, 1, 0)), Ok(3));
    assert_eq!(kit.call(socket(10, 1 | 0o2_004_000, 6)), Ok(4));
    assert_eq!(kit.call(socket(99, 1, 0)), Err(Errno::EAFNOSUPPORT));
    assert_eq!(kit.call(socket(2, 1, 17)), Err(Errno::EPROTONOSUPPORT));
    assert_eq!(kit.call(socket(2, 5, 0)), Err(Errno::ESOCKTNOSUPPORT));
    assert_eq!(kit.call(socket(2, -1, 0)), Err(Errno::EINVAL));
    assert_eq!(kit.unsupported(socket(2, 2, 0)), "socket(SOCK_DGRAM)");
    assert_eq!(kit.unsupported(socket(2, 3, 1)), "socket(SOCK_RAW)");
}

#[test]
fn the_lowest_descriptor_is_taken_until_none_is_left() {
    let mut kit = Kit::new();
    let fds: Vec<Fd> = (0..1021).map(|_| kit.stream(false)).collect();
    assert_eq!(kit.call(Call::Socket { domain: 2, kind: 1, protocol: 0 }), Err(Errno::EMFILE));
    assert_eq!(kit.call(Call::Close { fd: fds[4] }), Ok(0));
    assert_eq!(kit.stream(false), fds[4]);
}

#[test]
fn calls_on_what_is_no_socket_say_so() {
    let mut kit = Kit::new();
    for (fd, errno) in [(0, Errno::ENOTSOCK), (2, Errno::ENOTSOCK), (3, Errno::EBADF), (-1, Errno::EBADF)] {
        let fd = Fd(fd);
        let calls = [
            bind(fd, 1),
            listen(fd),
            Call::Accept { fd },
            Call::Connect { fd, address: remote() },
            read(fd, 1, 0),
            write(fd, b"x", 0),
            Call::Shutdown { fd, how: 9 },
            Call::Close { fd },
            Call::Fcntl { fd, command: 3, argument: 0 },
            Call::SetOption { fd, level: 1, name: 2, value: Vec::new() },
            Call::GetOption { fd, level: 1, name: 2, length: 4 },
        ];
        for call in calls {
            assert_eq!(kit.call(call), Err(errno));
        }
    }
}

#[test]
fn fcntl_reads_and_sets_o_nonblock() {
    let mut kit = Kit::new();
    let fd = kit.stream(false);
    let fcntl = |command, argument| Call::Fcntl { fd, command: command as i32, argument };
    assert_eq!(kit.call(fcntl(F_GETFL, 0)), Ok(O_RDWR));
    assert_eq!(kit.call(fcntl(F_SETFL, O_NONBLOCK as i32)), Ok(0));
    assert_eq!(kit.call(fcntl(F_GETFL, 0)), Ok(O_RDWR | O_NONBLOCK));
    assert_eq!(kit.unsupported(fcntl(77, 0)), "fcntl(77)");
}

#[test]
fn bind_wants_an_address_of_ours_that_is_free() {
    let mut kit = Kit::new();
    let (a, b) = (kit.stream(false), kit.stream(false));
    let to = |fd, address: &str| Call::Bind { fd, address: address.parse().expect("an address") };
    assert_eq!(kit.call(to(a, "198.51.100.7:80")), Err(Errno::EADDRNOTAVAIL));
    assert_eq!(kit.call(to(a, "[::]:80")), Err(Errno::EAFNOSUPPORT));
    assert_eq!(kit.call(to(a, "192.0.2.1:80")), Ok(0));
    assert_eq!(kit.call(to(a, "192.0.2.1:81")), Err(Errno::EINVAL));
    assert_eq!(kit.call(bind(b, 80)), Err(Errno::EADDRINUSE));
    assert_eq!(kit.call(bind(b, 0)), Ok(0));
    assert_eq!(kit.call(Call::Close { fd: a }), Ok(0));
    let c = kit.stream(false);
    assert_eq!(kit.call(bind(c, 80)), Ok(0));
}

#[test]
fn two_may_bind_a_port_if_both_say_so_but_only_one_may_listen() {
    let mut kit = Kit::new();
    let (a, b, c) = (kit.stream(false), kit.stream(false), kit.stream(false));
    for fd in [a, b, c] {
        let value = 1_i32.to_le_bytes().to_vec();
        let call = Call::SetOption { fd, level: SOL_SOCKET as i32, name: SO_REUSEADDR as i32, value };
        assert_eq!(kit.call(call), Ok(0));
    }
    assert_eq!(kit.call(bind(a, 80)), Ok(0));
    assert_eq!(kit.call(bind(b, 80)), Ok(0));
    assert_eq!(kit.call(listen(a)), Ok(0));
    assert_eq!(kit.call(listen(b)), Err(Errno::EADDRINUSE));
    assert_eq!(kit.call(bind(c, 80)), Err(Errno::EADDRINUSE));
}

#[test]
fn listen_and_accept_have_their_places() {
    let mut kit = Kit::new();
    let fd = kit.listening(80);
    assert_eq!(kit.call(listen(fd)), Ok(0));
    assert!(kit.unsupported(Call::Listen { fd, backlog: 9 }).contains("backlog"));
    assert_eq!(kit.call(Call::Connect { fd, address: remote() }), Err(Errno::EISCONN));
    let plain = kit.stream(false);
    assert_eq!(kit.call(Call::Accept { fd: plain }), Err(Errno::EINVAL));
    assert_eq!(kit.call(Call::Listen { fd: plain, backlog: -1 }), Ok(0));
    let connected = kit.connected();
    assert_eq!(kit.call(listen(connected)), Err(Errno::EINVAL));
    assert_eq!(kit.call(Call::Accept { fd: connected }), Err(Errno::EINVAL));
    kit.world(|world| world.log.clear());
    assert_eq!(kit.call(Call::Shutdown { fd, how: 1 }), Ok(0));
    assert_eq!(kit.call(Call::Shutdown { fd, how: 0 }), Ok(0));
    assert_eq!(kit.call(Call::Close { fd }), Ok(0));
    assert_eq!(kit.world(|world| world.log.clone()), ["close listener 80"]);
}

#[test]
fn accept_waits_or_says_eagain_and_inherits_options() {
    let mut kit = Kit::new();
    let fd = kit.listening(80);
    let value = 1_i32.to_le_bytes().to_vec();
    let no_delay = Call::SetOption { fd, level: 6, name: 1, value };
    assert_eq!(kit.call(no_delay), Ok(0));
    let ticket = kit.start(Call::Accept { fd }).expect("supported");
    let at = Instant::from_millis(3);
    kit.later(at, |world| {
        world.establish(8);
        world.acceptable.extend([8, 9]);
    });
    assert_eq!(kit.returns(at), [(at, ticket, Ok(4))]);
    assert!(kit.world(|world| world.options.clone()).is_some_and(|options| options.no_delay));
    let second = kit.full(Call::Accept { fd });
    assert_eq!(second.peer.map(|peer| peer.port()), Some(1009));
    let inherited = kit.full(Call::GetOption { fd: Fd(4), level: 6, name: 1, length: 4 });
    assert_eq!(inherited.data, 1_i32.to_le_bytes());
    assert_eq!(kit.call(Call::Fcntl { fd, command: 4, argument: O_NONBLOCK as i32 }), Ok(0));
    assert_eq!(kit.call(Call::Accept { fd }), Err(Errno::EAGAIN));
}

#[test]
fn a_ticket_cannot_wait_twice() {
    let mut kit = Kit::new();
    let fd = kit.listening(80);
    let what = Stimulus::Call { ticket: Ticket(900), call: Call::Accept { fd } };
    let stimulate = |kit: &mut Kit| crate::stack::Stack::stimulate(&mut kit.sockets, Instant::ZERO, &what);
    assert_eq!(stimulate(&mut kit), Ok(()));
    assert!(matches!(stimulate(&mut kit), Err(StackError::Broken(_))));
}
