// SPDX-License-Identifier: MIT
package io.pghello;

import static org.assertj.core.api.Assertions.assertThat;

import io.pghello.extension.batching.FunctionCallException;
import io.pghello.extension.testkit.TestDatabase;
import io.pghello.testkit.PgHelloTest;
import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.Socket;
import java.time.Duration;
import java.util.Random;
import java.util.concurrent.atomic.AtomicInteger;
import javax.net.SocketFactory;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * Shows that a damaged byte from the server causes neither a wrong answer nor an error without a
 * code.
 */
@Tag("slow")
@PgHelloTest
@Timeout(300)
class DamagedAnswersIT {
  private static final int ROUNDS = 100;
  // the number of bytes in the answer to a short call
  private static final int BYTES = 90;

  /**
   * Creates sockets that change one of the bytes that the server sends. The test selects the byte.
   */
  public static final class Damage extends SocketFactory {
    private static final AtomicInteger LEFT = new AtomicInteger();
    private static volatile int change;

    static void afterBytes(int left, int change) {
      Damage.change = change;
      LEFT.set(left);
    }

    @Override
    public Socket createSocket() {
      return new Socket() {
        @Override
        public InputStream getInputStream() throws IOException {
          return new FilterInputStream(super.getInputStream()) {
            @Override
            public int read(byte[] bytes, int offset, int length) throws IOException {
              int read = super.read(bytes, offset, length);
              int before = LEFT.getAndAccumulate(Math.max(read, 0), (l, r) -> Math.max(0, l - r));
              if (before > 0 && before <= read) {
                bytes[offset + before - 1] ^= (byte) change;
              }
              return read;
            }
          };
        }
      };
    }

    @Override
    public Socket createSocket(String host, int port) {
      throw new UnsupportedOperationException();
    }

    @Override
    public Socket createSocket(String host, int port, InetAddress local, int localPort) {
      throw new UnsupportedOperationException();
    }

    @Override
    public Socket createSocket(InetAddress host, int port) {
      throw new UnsupportedOperationException();
    }

    @Override
    public Socket createSocket(InetAddress host, int port, InetAddress local, int localPort) {
      throw new UnsupportedOperationException();
    }
  }

  @Test
  void areNotTakenForAnswers(TestDatabase database) {
    var random = new Random(30);
    int errors = 0;
    try (PgHelloClient client =
        PgHelloClient.builder()
            .url(database.jdbcUrl() + "&socketFactory=" + Damage.class.getName())
            .callTimeout(Duration.ofSeconds(20))
            .pool(pool -> pool.setConnectionTimeout(20_000))
            .build()) {
      for (int round = 0; round < ROUNDS; round++) {
        assertThat(client.hello("Ada", 1)).isEqualTo("Hello, Ada!");
        int at = 1 + random.nextInt(BYTES);
        int change = 1 << random.nextInt(8);
        FaultsIT.Kind kind =
            random.nextBoolean() ? FaultsIT.Kind.HELLO_REPEAT : FaultsIT.Kind.HELLO_ALL;
        Damage.afterBytes(at, change);
        try {
          kind.call.accept(client.withTimeout(Duration.ofSeconds(1)));
        } catch (FunctionCallException e) {
          errors++;
        } catch (RuntimeException | Error e) {
          throw new AssertionError(kind + ", byte " + at + " changed by " + change, e);
        } finally {
          Damage.afterBytes(0, 0);
        }
      }
    }
    assertThat(errors).isGreaterThan(ROUNDS / 10);
  }
}
