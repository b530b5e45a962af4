// SPDX-License-Identifier: MIT
package io.pghello.hibernate;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.pghello.PgHelloClient;
import io.pghello.extension.batching.FunctionCallException;
import io.pghello.extension.batching.FunctionCallException.Code;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.postgresql.ds.PGSimpleDataSource;

class WelcomeListenerTest {
  private final PgHelloClient client = client();
  private final PgHelloClient other = client();

  private static PgHelloClient client() {
    return PgHelloClient.create(new PGSimpleDataSource());
  }

  private static PgHelloClient closed() {
    PgHelloClient client = client();
    client.close();
    return client;
  }

  @AfterEach
  void forget() {
    WelcomeListener.clearDefaultClient(client);
    WelcomeListener.clearDefaultClient(other);
  }

  private static final class Listener extends WelcomeListener {
    Listener() {}

    Listener(PgHelloClient client) {
      super(client);
    }

    @Nullable String greeted(@Nullable String name, @Nullable String greeting) {
      var result = new String[] {"not greeted"};
      greet(name, greeting, given -> result[0] = given);
      return result[0];
    }
  }

  @Test
  void reportsTheRemedyWithoutAClient() {
    assertThatThrownBy(() -> new Listener().greeted("Ada", null))
        .isInstanceOf(IllegalStateException.class)
        .hasMessageContaining(Listener.class.getName())
        .hasMessageContaining("WelcomeListener.setDefaultClient(client)")
        .hasMessageContaining("constructor")
        .hasMessageNotContaining("Ada");
  }

  @Test
  void needsNoClientIfThereIsNothingToGreet() {
    var listener = new Listener();
    assertThat(listener.greeted(null, null)).isEqualTo("not greeted");
    assertThat(listener.greeted("Ada", "Hi")).isEqualTo("not greeted");
    assertThat(listener.greeted("Ada", "")).isEqualTo("not greeted");
    assertThat(listener.greeted(null, "Hi")).isEqualTo("not greeted");
  }

  @Test
  void refusesASecondClientAndKeepsTheFirst() {
    PgHelloClient first = closed();
    WelcomeListener.setDefaultClient(first);
    try {
      assertThatThrownBy(() -> WelcomeListener.setDefaultClient(other))
          .isInstanceOf(IllegalStateException.class)
          .hasMessageContaining(first.toString())
          .hasMessageContaining("WelcomeListener.clearDefaultClient")
          .hasMessageContaining("in the constructor");
      assertThat(new Listener()).satisfies(WelcomeListenerTest::usesAClosedClient);
    } finally {
      WelcomeListener.clearDefaultClient(first);
    }
  }

  @Test
  void takesTheSameClientAgain() {
    WelcomeListener.setDefaultClient(client);
    WelcomeListener.setDefaultClient(client);
  }

  @Test
  void takesAnotherClientOnceTheFirstIsForgotten() {
    WelcomeListener.setDefaultClient(client);
    WelcomeListener.clearDefaultClient(client);
    WelcomeListener.setDefaultClient(other);
    assertThatThrownBy(() -> WelcomeListener.setDefaultClient(client))
        .isInstanceOf(IllegalStateException.class);
  }

  @Test
  void forgetsOnlyTheGivenClient() {
    WelcomeListener.setDefaultClient(client);
    WelcomeListener.clearDefaultClient(other);
    assertThatThrownBy(() -> WelcomeListener.setDefaultClient(other))
        .isInstanceOf(IllegalStateException.class);
  }

  @Test
  void prefersItsOwnClientToTheDefaultClient() {
    WelcomeListener.setDefaultClient(client);
    usesAClosedClient(new Listener(closed()));
  }

  @Test
  void usesTheClientAtTheTimeOfTheGreeting() {
    WelcomeListener.setDefaultClient(client);
    var listener = new Listener();
    WelcomeListener.clearDefaultClient(client);
    PgHelloClient late = closed();
    WelcomeListener.setDefaultClient(late);
    try {
      usesAClosedClient(listener);
    } finally {
      WelcomeListener.clearDefaultClient(late);
    }
  }

  private static void usesAClosedClient(Listener listener) {
    assertThatThrownBy(() -> listener.greeted("Ada", null))
        .isInstanceOfSatisfying(
            FunctionCallException.class, e -> assertThat(e.code()).isEqualTo(Code.CLOSED));
  }

  @Test
  @SuppressWarnings("NullAway") // possible in applications without the nullness checker
  void refusesNull() {
    assertThatThrownBy(() -> WelcomeListener.setDefaultClient(null))
        .isInstanceOf(NullPointerException.class)
        .hasMessage("client");
    assertThatThrownBy(() -> WelcomeListener.clearDefaultClient(null))
        .isInstanceOf(NullPointerException.class)
        .hasMessage("client");
    assertThatThrownBy(() -> new Listener(null))
        .isInstanceOf(NullPointerException.class)
        .hasMessage("client");
    assertThatThrownBy(() -> new Listener().greet(null, null, null))
        .isInstanceOf(NullPointerException.class)
        .hasMessage("setter");
  }
}
