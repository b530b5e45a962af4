// SPDX-License-Identifier: MIT
package io.pghello.hibernate;

import io.pghello.PgHelloClient;
import io.pghello.PgHelloClientBuilder;
import io.pghello.PgHelloException;
import java.util.Objects;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Greets entities when they are inserted, with plain JPA, and so on any implementation of it.
 * Subclass it with the callback, and name the subclass in {@code @EntityListeners} on the entity:
 *
 * <pre>{@code
 * public class UserListener extends WelcomeListener {
 *   @PrePersist
 *   void greet(User user) {
 *     greet(user.getUsername(), user.getWelcome(), user::setWelcome);
 *   }
 * }
 * }</pre>
 *
 * <p>The callback has to stand in the subclass: of those that a listener inherits, Hibernate calls
 * none. The subclass has to be public, and its constructor, too, unless a bean container calls it.
 *
 * <p><b>This is not the fast way.</b> Each entity costs a round trip, for which {@code persist}
 * waits; only those of different threads may be batched. With Hibernate, prefer {@link
 * WelcomeMessage}, which asks once for all entities of a flush.
 *
 * <p><b>Give the client a pool of its own</b>, as {@link PgHelloClientBuilder#url} does. A call is
 * made on a connection of the client's, never on the entity manager's, whose transaction holds
 * another meanwhile. If both come from one pool, as many transactions as it has connections wait
 * for each other, until the calls end with {@link PgHelloException.Code#NO_CONNECTION}. For the
 * same reason a greeting knows nothing of the transaction, such as {@code pg_hello.repeat} set in
 * it.
 *
 * <p>The client is the one given to the constructor, by a bean container, say, or else the one that
 * {@link #use} was told. Subclasses are as thread-safe as what they add.
 */
public abstract class WelcomeListener {
  private static final AtomicReference<@Nullable PgHelloClient> SHARED = new AtomicReference<>();

  private final @Nullable PgHelloClient client;

  /** Creates a listener that takes the client of {@link #use}, when it greets. */
  protected WelcomeListener() {
    this.client = null;
  }

  /**
   * Creates a listener that has a client of its own, for a bean container to inject, or where there
   * is more than one database.
   */
  protected WelcomeListener(PgHelloClient client) {
    this.client = Objects.requireNonNull(client, "client");
  }

  /**
   * Says which client all listeners take that were given none: once, before the first entity is
   * persisted. It stays the caller's to close. Thread-safe.
   *
   * <p>It holds for the class loader of this class. Where several programs share that, as in an
   * application server, give each listener its client instead.
   *
   * @throws IllegalStateException if they take another one
   */
  public static void use(PgHelloClient client) {
    PgHelloClient other = SHARED.compareAndExchange(null, Objects.requireNonNull(client, "client"));
    if (other != null && other != client) {
      throw new IllegalStateException(
          "The listeners take another client already, "
              + other
              + ". Call WelcomeListener.forget with it when it is closed; or, if both are needed,"
              + " give the listeners their clients in their constructors.");
    }
  }

  /**
   * Takes back what {@link #use} said, when the program or the test ends. If the listeners do not
   * take this client, nothing happens. Thread-safe.
   */
  public static void forget(PgHelloClient client) {
    SHARED.compareAndSet(Objects.requireNonNull(client, "client"), null);
  }

  /**
   * Greets a name, and gives the greeting to the setter. The callback calls it, before an insert;
   * an update changes nothing, since plain JPA does not say what has changed. One round trip, or a
   * part of one; none where there is nothing to do.
   *
   * @param name what to greet; null leaves the entity as it is
   * @param greeting what the entity has now; unless it is null, the program has set it, and it is
   *     kept
   * @param setter takes the greeting
   * @throws PgHelloException as {@link PgHelloClient#hello(String)} does. {@code persist}, {@code
   *     merge} and {@code flush} throw it as it is, {@code commit} as the cause of a {@code
   *     RollbackException}; the transaction can only be rolled back.
   * @throws IllegalStateException if there is no client
   */
  protected void greet(
      @Nullable String name, @Nullable String greeting, Consumer<? super String> setter) {
    Objects.requireNonNull(setter, "setter");
    if (name != null && greeting == null) {
      setter.accept(client().hello(name));
    }
  }

  private PgHelloClient client() {
    PgHelloClient found = client == null ? SHARED.get() : client;
    if (found == null) {
      throw new IllegalStateException(
          getClass().getName()
              + " has no client. Call WelcomeListener.use(client) before the first entity is"
              + " persisted, or give the listener a client in its constructor.");
    }
    return found;
  }
}
