// SPDX-License-Identifier: MIT
package io.pghello.extension.testkit.internal.proxy;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.net.Socket;
import java.net.SocketException;
import java.util.Arrays;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.LongAdder;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BiConsumer;
import java.util.function.Consumer;

/** A client's connection to a proxy, with the proxy's connection to the server. Thread-safe. */
public final class ProxyConnection {
  private static final int CHUNK_SIZE = 64 * 1024;
  private static final int QUEUED_CHUNKS = 1024;
  private static final byte[] END = {};

  private final Socket client;
  private final Socket server;
  private final ProxyCounters counters;
  private final ProxyDelay delay;
  private final Consumer<ProxyConnection> onEnd;

  /**
   * Creates a connection from two connected sockets.
   *
   * @param onEnd a callback that is invoked when both sides have closed their connections or one of
   *     the connections is lost; it may be invoked more than once
   */
  public ProxyConnection(
      Socket client,
      Socket server,
      ProxyCounters counters,
      ProxyDelay delay,
      Consumer<ProxyConnection> onEnd) {
    this.client = client;
    this.server = server;
    this.counters = counters;
    this.delay = delay;
    this.onEnd = onEnd;
    counters.connections.increment();
  }

  /**
   * Forwards bytes in both directions, on four threads.
   *
   * @param threads a function that starts a thread with the given name
   */
  public void start(BiConsumer<String, Runnable> threads) {
    var startUp = new ProtocolReader.StartUp();
    new Direction(client, server, new ClientMessages(startUp, counters), counters.bytesToServer)
        .start(threads);
    new Direction(server, client, new ServerMessages(startUp, counters), counters.bytesToClient)
        .start(threads);
  }

  /** Ends the connection by sending TCP resets to the client and the server. */
  public void reset() {
    reset(client);
    reset(server);
    onEnd.accept(this);
  }

  /** Closes a socket with a TCP reset, instead of an orderly end of the stream. */
  public static void reset(Socket socket) {
    try (socket) {
      socket.setSoLinger(true, 0);
    } catch (SocketException e) {
      // the socket was already closed
      return;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private void endOutput(Socket out) {
    try {
      out.shutdownOutput();
      if (client.isOutputShutdown() && server.isOutputShutdown()) {
        onEnd.accept(this);
        client.close();
        server.close();
      }
    } catch (IOException e) {
      reset();
    }
  }

  /**
   * Bytes to forward, and the time at which to write them. The last chunk of a stream contains no
   * bytes.
   */
  private static final class Chunk {
    private final byte[] bytes;
    private final long due;

    Chunk(byte[] bytes, long due) {
      this.bytes = bytes;
      this.due = due;
    }
  }

  /**
   * One direction of the connection. A reader thread reads, counts and writes bytes. While the
   * proxy delays or pauses traffic, the reader thread only fills a queue, and a writer thread
   * writes the bytes. When the queue is empty and traffic is neither delayed nor paused, the reader
   * thread writes again.
   */
  private final class Direction {
    private final Socket in;
    private final Socket out;
    private final ProtocolReader reader;
    private final LongAdder bytes;
    private final BlockingQueue<Chunk> chunks = new ArrayBlockingQueue<>(QUEUED_CHUNKS);
    private final AtomicInteger queued = new AtomicInteger();

    Direction(Socket in, Socket out, ProtocolReader reader, LongAdder bytes) {
      this.in = in;
      this.out = out;
      this.reader = reader;
      this.bytes = bytes;
    }

    void start(BiConsumer<String, Runnable> threads) {
      threads.accept("pg-hello-proxy-read", this::read);
      threads.accept("pg-hello-proxy-write", this::write);
    }

    private void read() {
      try {
        InputStream from = in.getInputStream();
        OutputStream to = out.getOutputStream();
        var buffer = new byte[CHUNK_SIZE];
        for (int length; (length = from.read(buffer)) >= 0; ) {
          reader.read(buffer, length);
          bytes.add(length);
          if (delay.isNone() && queued.get() == 0) {
            to.write(buffer, 0, length);
          } else {
            queue(Arrays.copyOf(buffer, length));
          }
        }
        queue(END);
      } catch (IOException e) {
        reset();
        chunks.clear();
        chunks.offer(new Chunk(END, 0));
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
      }
    }

    private void queue(byte[] content) throws InterruptedException {
      queued.incrementAndGet();
      chunks.put(new Chunk(content, System.nanoTime() + delay.oneWayNanos()));
    }

    private void write() {
      try {
        OutputStream to = out.getOutputStream();
        while (true) {
          Chunk chunk = chunks.take();
          for (long left; (left = chunk.due - System.nanoTime()) > 0; ) {
            LockSupport.parkNanos(left);
          }
          delay.awaitResume();
          if (chunk.bytes.length == 0) {
            endOutput(out);
            return;
          }
          to.write(chunk.bytes);
          queued.decrementAndGet();
        }
      } catch (IOException e) {
        reset();
        // unblocks the reader thread if it is waiting for space in the queue
        chunks.clear();
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
      }
    }
  }
}
