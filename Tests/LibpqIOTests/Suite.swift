import Testing

/// Tests that talk to a server and measure time.
///
/// They run one after the other, so that none is slow because of another.
@Suite(.serialized) struct `libpq on a real server` {}
