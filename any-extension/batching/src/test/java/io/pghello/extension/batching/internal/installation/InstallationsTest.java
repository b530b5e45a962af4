// SPDX-License-Identifier: MIT
package io.pghello.extension.batching.internal.installation;

import static org.assertj.core.api.Assertions.assertThat;

import io.pghello.extension.batching.ServerFunction;
import io.pghello.extension.batching.internal.NameRequest;
import java.lang.reflect.Proxy;
import java.sql.Connection;
import java.sql.DatabaseMetaData;
import java.sql.SQLException;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.TimeUnit;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Shows what is cached for each database and user. */
@Timeout(60)
class InstallationsTest {
  private static final int ROUNDS = 50_000;
  private static final Map<ServerFunction, String> HERE =
      Map.of(NameRequest.FUNCTION, "SELECT here");
  private static final Map<ServerFunction, String> THERE =
      Map.of(NameRequest.FUNCTION, "SELECT there");

  @Test
  void keepsNoMoreThanAThousand() {
    var installations = new Installations(NameRequest.FUNCTIONS, null);
    installations.put("first", HERE, false);
    assertThat(installations.own()).isSameAs(HERE);
    for (int i = 0; i < 3_000; i++) {
      installations.put("tenant " + i, THERE, false);
      assertThat(installations.own()).isNull();
    }
    assertThat(installations.size()).isEqualTo(1_000);
  }

  /** A caller's connection may belong to another database. */
  @Test
  void connectionOfACallerDoesNotChangeOwnCalls() throws SQLException {
    var installations = new Installations(NameRequest.FUNCTIONS, null);
    installations.put("user there", THERE, true);
    assertThat(installations.statement(NameRequest.FUNCTION)).isNull();
    assertThat(installations.statement(NameRequest.FUNCTION, at("here"), false)).isNull();
    assertThat(installations.statement(NameRequest.FUNCTION, at("there"), true))
        .isEqualTo("SELECT there");
    installations.put("user here", HERE, false);
    installations.put("user elsewhere", THERE, true);
    assertThat(installations.statement(NameRequest.FUNCTION)).isEqualTo("SELECT here");
    assertThat(installations.statement(NameRequest.FUNCTION, at("here"), true))
        .isEqualTo("SELECT here");
  }

  @Test
  void ownCallsUseTheEntryOfTheSamePlace() throws SQLException {
    var installations = new Installations(NameRequest.FUNCTIONS, null);
    installations.put("user here", HERE, true);
    assertThat(installations.statement(NameRequest.FUNCTION, at("here"), false))
        .isEqualTo("SELECT here");
    assertThat(installations.statement(NameRequest.FUNCTION)).isEqualTo("SELECT here");
  }

  @Test
  void changedInstallationIsForgotten() throws SQLException {
    var installations = new Installations(NameRequest.FUNCTIONS, null);
    installations.put("user here", HERE, false);
    installations.put("user there", THERE, true);
    installations.forget(at("there"));
    assertThat(installations.statement(NameRequest.FUNCTION)).isEqualTo("SELECT here");
    installations.forget(at("here"));
    assertThat(installations.statement(NameRequest.FUNCTION)).isNull();
    installations.put("user here", THERE, true);
    assertThat(installations.statement(NameRequest.FUNCTION)).isEqualTo("SELECT there");
  }

  private static Connection at(String url) {
    return view(
        Connection.class,
        name -> view(DatabaseMetaData.class, value -> value.equals("getURL") ? url : "user"));
  }

  private static <T> T view(Class<T> type, UnaryOperator<Object> methods) {
    return type.cast(
        Proxy.newProxyInstance(
            type.getClassLoader(),
            new Class<?>[] {type},
            (proxy, method, arguments) -> methods.apply(method.getName())));
  }

  @Test
  void detectsTwoInstallationsThatAreFoundConcurrently() {
    var rounds = new Installations[ROUNDS];
    for (int i = 0; i < ROUNDS; i++) {
      rounds[i] = new Installations(NameRequest.FUNCTIONS, null);
    }
    var barrier = new CyclicBarrier(2);
    CompletableFuture<Void> other =
        CompletableFuture.runAsync(() -> putInAll(rounds, barrier, "there", THERE));
    putInAll(rounds, barrier, "here", HERE);
    other.join();
    for (Installations round : rounds) {
      assertThat(round.own()).isNull();
    }
  }

  private static void putInAll(
      Installations[] rounds,
      CyclicBarrier barrier,
      String place,
      Map<ServerFunction, String> found) {
    for (int i = 0; i < ROUNDS; i++) {
      if (i % 500 == 0) {
        await(barrier);
      }
      rounds[i].put(place, found, false);
    }
  }

  private static void await(CyclicBarrier barrier) {
    try {
      barrier.await(20, TimeUnit.SECONDS);
    } catch (Exception e) {
      throw new IllegalStateException(e);
    }
  }
}
