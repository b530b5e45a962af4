// SPDX-License-Identifier: MIT
package io.pghello.testkit;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketException;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.Arrays;
import java.util.Set;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.LongAdder;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.LockSupport;
import java.util.concurrent.locks.ReentrantLock;

/**
 * Stands between clients and a PostgreSQL server and speaks TCP with both: it counts round trips,
 * delays what passes, holds it up, and cuts connections.
 *
 * <p>A round trip is a {@code ReadyForQuery} message of the server, the answer to {@code Sync} or
 * to a simple query (PostgreSQL's documentation, "Frontend/Backend Protocol"); the one that ends
 * the log-in counts too. A simple query without text is not counted: {@link
 * java.sql.Connection#isValid} sends it, by which a pool checks that a connection is alive that was
 * idle for some time (500 ms in HikariCP), so the number would depend on how busy the machine is.
 * Encrypted connections pass, but are not counted, so {@link #countRoundTrips(Action)} refuses
 * them.
 *
 * <p>Thread-safe. What is counted has reached the proxy before it reaches the client, so a client
 * that has its answer finds it counted.
 */
public final class WireProxy implements AutoCloseable {
  private static final int CHUNK = 64 * 1024;
  private static final int QUEUED_CHUNKS = 1024;
  private static final byte[] END = {};

  /** What is measured by {@link #countRoundTrips}. */
  @FunctionalInterface
  public interface Action {
    /** Does it. */
    void run() throws Exception;
  }

  private final ServerSocket listener;
  private final InetSocketAddress target;
  private final Set<Link> links = ConcurrentHashMap.newKeySet();
  private final LongAdder roundTrips = new LongAdder();
  private final LongAdder executes = new LongAdder();
  private final LongAdder connections = new LongAdder();
  private final LongAdder encrypted = new LongAdder();
  private final LongAdder bytesToServer = new LongAdder();
  private final LongAdder bytesToClient = new LongAdder();
  private final AtomicInteger threads = new AtomicInteger();
  private final ReentrantLock gate = new ReentrantLock();
  private final Condition opened = gate.newCondition();
  private volatile long oneWayNanos;
  private volatile boolean stalled;
  private volatile boolean closed;

  private WireProxy(InetSocketAddress target) throws IOException {
    this.target = target;
    this.listener = new ServerSocket(0, 1024, InetAddress.getLoopbackAddress());
    start("pg-hello-proxy-accept", this::accept);
  }

  /**
   * Starts a proxy in front of a server, on a free port of the loopback interface.
   *
   * @param host where the server is
   * @param port where it listens
   * @throws UncheckedIOException if the proxy cannot listen
   */
  public static WireProxy to(String host, int port) {
    try {
      return new WireProxy(new InetSocketAddress(host, port));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Starts a proxy in front of a server; see {@link #to(String, int)}. */
  public static WireProxy to(PgHelloServer server) {
    return to("127.0.0.1", server.port());
  }

  /** Returns the address that clients connect to. */
  public String host() {
    return listener.getInetAddress().getHostAddress();
  }

  /** Returns the port that clients connect to. */
  public int port() {
    return listener.getLocalPort();
  }

  /** Returns the number of round trips so far, over all connections. */
  public long roundTrips() {
    return roundTrips.sum();
  }

  /** Returns the number of statements executed so far: Execute messages and simple queries. */
  public long executes() {
    return executes.sum();
  }

  /** Returns the number of connections that were opened so far. */
  public long connections() {
    return connections.sum();
  }

  /** Returns the number of connections that are open now. */
  public int openConnections() {
    return links.size();
  }

  /** Returns the number of bytes that clients sent so far. */
  public long bytesToServer() {
    return bytesToServer.sum();
  }

  /** Returns the number of bytes that the server sent so far. */
  public long bytesToClient() {
    return bytesToClient.sum();
  }

  /**
   * Runs an action and returns the number of round trips that all connections made meanwhile.
   *
   * @throws IllegalStateException if a connection was encrypted, which cannot be counted
   * @throws Exception what the action throws
   */
  public long countRoundTrips(Action action) throws Exception {
    long before = roundTrips();
    action.run();
    if (encrypted.sum() > 0) {
      throw new IllegalStateException(
          "round trips of encrypted connections cannot be counted: connect with sslmode=disable");
    }
    return roundTrips() - before;
  }

  /**
   * Runs an action and fails unless it makes this number of round trips.
   *
   * @throws AssertionError if it makes another number
   * @throws Exception what the action throws
   */
  public void assertRoundTrips(long expected, Action action) throws Exception {
    long actual = countRoundTrips(action);
    if (actual != expected) {
      throw new AssertionError("expected " + expected + " round trips, but there were " + actual);
    }
  }

  /**
   * Delays everything that passes from now on, as a network of that round-trip time would.
   *
   * @param roundTrip the sum of both directions; zero for none
   * @throws IllegalArgumentException if it is negative
   */
  public void delay(Duration roundTrip) {
    if (roundTrip.isNegative()) {
      throw new IllegalArgumentException("delay must not be negative, but is " + roundTrip);
    }
    oneWayNanos = roundTrip.toNanos() / 2;
  }

  /** Holds up everything from now on, without a word to either side, until {@link #resume()}. */
  public void stall() {
    stalled = true;
  }

  /** Lets pass what {@link #stall()} held up, and all that follows. */
  public void resume() {
    gate.lock();
    try {
      stalled = false;
      opened.signalAll();
    } finally {
      gate.unlock();
    }
  }

  /** Cuts all connections that are open now, with a TCP reset to both sides. */
  public void cut() {
    for (Link link : links) {
      link.reset();
    }
  }

  /** Cuts all connections and stops listening. A second call does nothing. */
  @Override
  public void close() {
    closed = true;
    resume();
    try {
      listener.close();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } finally {
      cut();
    }
  }

  @Override
  public String toString() {
    return host() + ":" + port() + " -> " + target.getHostString() + ":" + target.getPort();
  }

  private void accept() {
    while (!closed) {
      try {
        Socket client = listener.accept();
        start("pg-hello-proxy-connect", () -> connect(client));
      } catch (IOException e) {
        if (!closed) {
          throw new UncheckedIOException(e);
        }
      }
    }
  }

  private void connect(Socket client) {
    var server = new Socket();
    try {
      server.connect(target);
      client.setTcpNoDelay(true);
      server.setTcpNoDelay(true);
    } catch (IOException e) {
      // the client sees what it would see without a proxy: nobody is there
      abort(client);
      abort(server);
      return;
    }
    var link = new Link(client, server);
    links.add(link);
    connections.increment();
    if (closed) {
      link.reset();
      return;
    }
    var greeting = new Greeting();
    new Pump(link, client, server, new ClientMessages(greeting), bytesToServer).start();
    new Pump(link, server, client, new ServerMessages(greeting), bytesToClient).start();
  }

  private void start(String name, Runnable action) {
    threads.incrementAndGet();
    var thread =
        new Thread(
            () -> {
              try {
                action.run();
              } finally {
                threads.decrementAndGet();
              }
            },
            name);
    thread.setDaemon(true);
    thread.start();
  }

  /** How many threads work for this proxy. */
  int threads() {
    return threads.get();
  }

  /** Closes a socket so that its other side sees a reset, and is not told politely. */
  private static void abort(Socket socket) {
    try (socket) {
      socket.setSoLinger(true, 0);
    } catch (SocketException e) {
      // it was closed already, which is what is wanted
      return;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** A client's connection and the server's that belongs to it. */
  private final class Link {
    private final Socket client;
    private final Socket server;

    Link(Socket client, Socket server) {
      this.client = client;
      this.server = server;
    }

    void reset() {
      abort(client);
      abort(server);
      links.remove(this);
    }

    void end(Socket out) {
      try {
        out.shutdownOutput();
        if (client.isOutputShutdown() && server.isOutputShutdown()) {
          links.remove(this);
          client.close();
          server.close();
        }
      } catch (IOException e) {
        reset();
      }
    }
  }

  /** Bytes, and when they are due on the other side; no bytes at the end of the stream. */
  private static final class Chunk {
    private final byte[] bytes;
    private final long due;

    Chunk(byte[] bytes, long due) {
      this.bytes = bytes;
      this.due = due;
    }
  }

  /**
   * One direction of a link. A thread reads, counts, and writes; what is delayed or held up goes
   * through a queue to a second thread, and the first one writes again when that queue is empty.
   */
  private final class Pump {
    private final Link link;
    private final Socket in;
    private final Socket out;
    private final Messages messages;
    private final LongAdder bytes;
    private final BlockingQueue<Chunk> chunks = new ArrayBlockingQueue<>(QUEUED_CHUNKS);
    private final AtomicInteger queued = new AtomicInteger();

    Pump(Link link, Socket in, Socket out, Messages messages, LongAdder bytes) {
      this.link = link;
      this.in = in;
      this.out = out;
      this.messages = messages;
      this.bytes = bytes;
    }

    void start() {
      WireProxy.this.start("pg-hello-proxy-read", this::read);
      WireProxy.this.start("pg-hello-proxy-write", this::write);
    }

    private void read() {
      try {
        InputStream from = in.getInputStream();
        OutputStream to = out.getOutputStream();
        var buffer = new byte[CHUNK];
        for (int length; (length = from.read(buffer)) >= 0; ) {
          messages.feed(buffer, length);
          bytes.add(length);
          if (oneWayNanos == 0 && !stalled && queued.get() == 0) {
            to.write(buffer, 0, length);
          } else {
            queue(Arrays.copyOf(buffer, length));
          }
        }
        queue(END);
      } catch (IOException e) {
        link.reset();
        chunks.clear();
        chunks.offer(new Chunk(END, 0));
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
      }
    }

    private void queue(byte[] content) throws InterruptedException {
      queued.incrementAndGet();
      chunks.put(new Chunk(content, System.nanoTime() + oneWayNanos));
    }

    private void write() {
      try {
        OutputStream to = out.getOutputStream();
        while (true) {
          Chunk chunk = chunks.take();
          for (long left; (left = chunk.due - System.nanoTime()) > 0; ) {
            LockSupport.parkNanos(left);
          }
          awaitOpenGate();
          if (chunk.bytes.length == 0) {
            link.end(out);
            return;
          }
          to.write(chunk.bytes);
          queued.decrementAndGet();
        }
      } catch (IOException e) {
        link.reset();
        // lets a reader go on that waits for room
        chunks.clear();
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
      }
    }

    private void awaitOpenGate() throws InterruptedException {
      if (stalled) {
        gate.lock();
        try {
          while (stalled) {
            opened.await();
          }
        } finally {
          gate.unlock();
        }
      }
    }
  }

  /** What both directions of a link know of its beginning. */
  private static final class Greeting {
    /** The client has asked for encryption, and the server's answer of one byte is outstanding. */
    volatile boolean encryptionAsked;

    /** From here on nothing can be read. */
    volatile boolean encrypted;
  }

  /** Takes a stream of bytes apart into messages: a type, a length, a body. */
  private abstract static class Messages {
    final Greeting greeting;
    private final byte[] header = new byte[8];
    private int headerLength;
    private long bodyLeft;

    Messages(Greeting greeting) {
      this.greeting = greeting;
    }

    /** How many bytes the next message's header has. */
    abstract int headerSize();

    /** Takes a header and returns how many bytes of the message follow it. */
    abstract long message(byte[] header);

    final void feed(byte[] bytes, int length) {
      int i = 0;
      while (i < length && !greeting.encrypted) {
        if (bodyLeft > 0) {
          int skipped = (int) Math.min(bodyLeft, length - i);
          bodyLeft -= skipped;
          i += skipped;
          continue;
        }
        int size = headerSize();
        header[headerLength++] = bytes[i++];
        if (headerLength == size) {
          headerLength = 0;
          bodyLeft = message(header);
        }
      }
    }

    static int int32(byte[] bytes, int at) {
      return ByteBuffer.wrap(bytes, at, Integer.BYTES).getInt();
    }
  }

  private final class ClientMessages extends Messages {
    private static final byte TLS_HANDSHAKE = 0x16;
    private static final int SSL_REQUEST = 80877103;
    private static final int GSS_ENCRYPTION_REQUEST = 80877104;

    /** The length of a query without text: its own four bytes, and the one that ends the text. */
    private static final int EMPTY_QUERY = 5;

    private boolean started;

    ClientMessages(Greeting greeting) {
      super(greeting);
    }

    @Override
    int headerSize() {
      // before it is started there is no type, but a length and a code
      return started ? 5 : 8;
    }

    @Override
    long message(byte[] header) {
      if (!started) {
        if (header[0] == TLS_HANDSHAKE) {
          // a client that does not ask first
          greeting.encrypted = true;
          encrypted.increment();
          return 0;
        }
        int code = int32(header, 4);
        if (code == SSL_REQUEST || code == GSS_ENCRYPTION_REQUEST) {
          greeting.encryptionAsked = true;
        } else {
          started = true;
        }
        return int32(header, 0) - 8L;
      }
      int length = int32(header, 1);
      if (header[0] == 'E' || (header[0] == 'Q' && length > EMPTY_QUERY)) {
        executes.increment();
      }
      return length - 4L;
    }
  }

  private final class ServerMessages extends Messages {
    private boolean firstAnswer;
    private boolean emptyQuery;

    ServerMessages(Greeting greeting) {
      super(greeting);
    }

    @Override
    int headerSize() {
      return greeting.encryptionAsked ? 1 : 5;
    }

    @Override
    long message(byte[] header) {
      if (greeting.encryptionAsked) {
        greeting.encryptionAsked = false;
        if (header[0] == 'S' || header[0] == 'G') {
          greeting.encrypted = true;
          encrypted.increment();
        }
        return 0;
      }
      if (header[0] == 'Z') {
        if (!emptyQuery) {
          roundTrips.increment();
        }
        emptyQuery = false;
        firstAnswer = true;
      } else {
        // of a query that was prepared, the answer to Parse comes first
        emptyQuery |= firstAnswer && header[0] == 'I';
        firstAnswer = false;
      }
      return int32(header, 1) - 4L;
    }
  }
}
