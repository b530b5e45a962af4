// SPDX-License-Identifier: MIT
package io.pghello.hibernate;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.pghello.PgHelloClient;
import io.pghello.PgHelloException;
import io.pghello.PgHelloException.Code;
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
    WelcomeListener.forget(client);
    WelcomeListener.forget(other);
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
        .hasMessageContaining("WelcomeListener.use(client)")
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
    WelcomeListener.use(first);
    try {
      assertThatThrownBy(() -> WelcomeListener.use(other))
          .isInstanceOf(IllegalStateException.class)
          .hasMessageContaining(first.toString())
          .hasMessageContaining("WelcomeListener.forget")
          .hasMessageContaining("in the constructor");
      assertThat(new Listener()).satisfies(WelcomeListenerTest::usesAClosedClient);
    } finally {
      WelcomeListener.forget(first);
    }
  }

  @Test
  void takesTheSameClientAgain() {
    WelcomeListener.use(client);
    WelcomeListener.use(client);
  }

  @Test
  void takesAnotherClientOnceTheFirstIsForgotten() {
    WelcomeListener.use(client);
    WelcomeListener.forget(client);
    WelcomeListener.use(other);
    assertThatThrownBy(() -> WelcomeListener.use(client)).isInstanceOf(IllegalStateException.class);
  }

  @Test
  void forgetsOnlyTheGivenClient() {
    WelcomeListener.use(client);
    WelcomeListener.forget(other);
    assertThatThrownBy(() -> WelcomeListener.use(other)).isInstanceOf(IllegalStateException.class);
  }

  @Test
  void takesItsOwnClientBeforeTheSharedOne() {
    WelcomeListener.use(client);
    usesAClosedClient(new Listener(closed()));
  }

  @Test
  void usesTheClientAtTheTimeOfTheGreeting() {
    WelcomeListener.use(client);
    var listener = new Listener();
    WelcomeListener.forget(client);
    PgHelloClient late = closed();
    WelcomeListener.use(late);
    try {
      usesAClosedClient(listener);
    } finally {
      WelcomeListener.forget(late);
    }
  }

  private static void usesAClosedClient(Listener listener) {
    assertThatThrownBy(() -> listener.greeted("Ada", null))
        .isInstanceOfSatisfying(
            PgHelloException.class, e -> assertThat(e.code()).isEqualTo(Code.CLOSED));
  }

  @Test
  @SuppressWarnings("NullAway") // possible in applications without the nullness checker
  void refusesNull() {
    assertThatThrownBy(() -> WelcomeListener.use(null))
        .isInstanceOf(NullPointerException.class)
        .hasMessage("client");
    assertThatThrownBy(() -> WelcomeListener.forget(null))
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
