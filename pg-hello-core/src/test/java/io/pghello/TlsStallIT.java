// SPDX-License-Identifier: MIT
package io.pghello;

import static io.pghello.FaultsIT.assertFails;
import static io.pghello.PgHelloClientIT.ask;
import static io.pghello.PgHelloClientIT.execute;
import static org.assertj.core.api.Assertions.assertThat;

import io.pghello.extension.batching.FunctionCallException.Code;
import io.pghello.extension.testkit.ExtensionServer;
import io.pghello.extension.testkit.TestDatabase;
import io.pghello.extension.testkit.WireProxy;
import java.nio.file.Path;
import java.sql.SQLException;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import javax.sql.DataSource;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.postgresql.ds.PGSimpleDataSource;

/** Aborting an encrypted connection sends a message, but must not wait for an answer. */
@Timeout(120)
class TlsStallIT {
  private static final Duration CALL_TIMEOUT = Duration.ofSeconds(1);
  private static final long RESUME_SECONDS = 30;

  @Tag("slow")
  @Test
  void endsAStalledCallInTime(@TempDir Path folder) throws Exception {
    try (ExtensionServer server = ExtensionServer.start("pg_hello");
        TestDatabase database = server.createDatabase();
        WireProxy proxy = WireProxy.to(server.port())) {
      DataSource superuser = database.superuserDataSource();
      ServerCertificate.selfSigned(folder).install(superuser);
      for (String version : new String[] {"TLSv1.3", "TLSv1.2"}) {
        execute(superuser, "ALTER SYSTEM SET ssl_max_protocol_version = '" + version + "'");
        execute(superuser, "SELECT pg_reload_conf()");
        PGSimpleDataSource way = database.dataSource().unwrap(PGSimpleDataSource.class);
        way.setServerNames(new String[] {"127.0.0.1"});
        way.setPortNumbers(new int[] {proxy.port()});
        way.setSslMode("require");
        until(() -> version(way).equals(version));
        assertEndsInTime(way, proxy);
      }
    }
  }

  private static void assertEndsInTime(DataSource way, WireProxy proxy) throws SQLException {
    try (var connections = new KeptConnections(way, 1);
        PgHelloClient client =
            PgHelloClient.builder().connections(connections).callTimeout(CALL_TIMEOUT).build()) {
      // only the stalled call must end within the short timeout
      client.withTimeout(Duration.ofSeconds(RESUME_SECONDS)).hello("Ada");
      proxy.pause();
      // otherwise, a call that never ends would block the test
      var resumed =
          CompletableFuture.runAsync(
              proxy::resume, CompletableFuture.delayedExecutor(RESUME_SECONDS, TimeUnit.SECONDS));
      assertFails(Code.TIMEOUT, () -> client.hello("Ada"));
      assertThat(resumed).isNotDone();
      resumed.cancel(false);
      proxy.resume();
      assertThat(client.withTimeout(Duration.ofSeconds(RESUME_SECONDS)).hello("Zoë"))
          .isEqualTo("Hello, Zoë!");
    }
  }

  private static String version(DataSource way) {
    try {
      return ask(way, "SELECT version FROM pg_stat_ssl WHERE pid = pg_backend_pid()");
    } catch (SQLException e) {
      // the server has not read its settings yet
      return "";
    }
  }

  private static void until(BooleanSupplier condition) {
    long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(RESUME_SECONDS);
    while (!condition.getAsBoolean()) {
      assertThat(end - System.nanoTime()).as("time left to wait").isPositive();
      LockSupport.parkNanos(5_000_000);
    }
  }
}
