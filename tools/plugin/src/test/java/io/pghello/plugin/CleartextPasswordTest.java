// SPDX-License-Identifier: MIT
package io.pghello.plugin;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowable;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** Any local user can take over the port of a stopped server, and request the password. */
class CleartextPasswordTest {
  @Test
  void isNotSentWithoutTls() throws Exception {
    assertThat(sent(null)).doesNotContain("SECRET");
  }

  @Test
  void isSentIfConfigured() throws Exception {
    assertThat(sent("password")).contains("SECRET");
    assertThat(sent("scram-sha-256,password,none")).contains("SECRET");
  }

  @Test
  void isNotSentIfOtherMethodsAreConfigured() throws Exception {
    assertThat(sent("scram-sha-256")).doesNotContain("SECRET");
    assertThat(sent("!md5")).doesNotContain("SECRET");
  }

  /** Returns the bytes that a client sends after a request for a cleartext password. */
  private static String sent(@Nullable String requireAuth) throws Exception {
    try (var listener = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
        var plugin = Plugins.plugin(Permissions.read())) {
      var sent = new FutureTask<>(() -> responseToPasswordRequest(listener));
      var server = new Thread(sent);
      server.setDaemon(true);
      server.start();
      ObjectNode config =
          Plugins.JSON
              .createObjectNode()
              .put("host", "127.0.0.1")
              .put("port", listener.getLocalPort())
              .put("database", "shop")
              .put("user", "agent")
              .put("password", "SECRET")
              .put("ssl", false);
      if (requireAuth != null) {
        config.put("requireAuth", requireAuth);
      }
      Throwable failure = catchThrowable(() -> plugin.connect(Plugins.ID, config));
      String answer = sent.get(1, TimeUnit.MINUTES);
      assertThat(failure).isInstanceOf(PostgresException.class).hasMessageNotContaining("SECRET");
      if (!answer.contains("SECRET")) {
        assertThat(((PostgresException) failure).reason())
            .isEqualTo(PostgresException.Reason.AUTH_METHOD);
        assertThat(((PostgresException) failure).details())
            .extractingByKey("remedy")
            .asString()
            .contains("scram-sha-256", "requireAuth");
      }
      return answer;
    }
  }

  /**
   * Requests a cleartext password from the first client, and returns the bytes that the client then
   * sends.
   */
  private static String responseToPasswordRequest(ServerSocket listener) throws IOException {
    try (Socket client = listener.accept()) {
      var in = new DataInputStream(client.getInputStream());
      in.readFully(new byte[in.readInt() - Integer.BYTES]);
      var out = new DataOutputStream(client.getOutputStream());
      out.writeByte('R');
      out.writeInt(8);
      out.writeInt(3);
      out.flush();
      // The rest of the message, or the end of the connection.
      byte[] answer = new byte[100];
      int length = in.read(answer);
      return length < 0 ? "" : new String(answer, 0, length, StandardCharsets.ISO_8859_1);
    }
  }
}
