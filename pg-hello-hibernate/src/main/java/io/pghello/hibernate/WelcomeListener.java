// SPDX-License-Identifier: MIT
package io.pghello.hibernate;

import io.pghello.PgHelloClient;
import io.pghello.extension.batching.ClientBuilder;
import io.pghello.extension.batching.FunctionCallException;
import java.util.Objects;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Greets entities when they are inserted, with any JPA provider. Write a subclass with the callback
 * method, and list the subclass in {@code @EntityListeners} on the entity:
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
 * <p>Declare the callback in the subclass, because Hibernate does not call inherited callbacks of
 * listeners. The subclass and its constructor must be public, unless a bean container creates it.
 *
 * <p><b>This is the slower approach.</b> {@code persist} waits for one round trip per entity, and
 * only calls from different threads can be batched. With Hibernate, prefer {@link WelcomeMessage},
 * which uses one query for all entities of a flush.
 *
 * <p><b>Give the client its own pool</b>, for example with {@link ClientBuilder#url}. The client
 * never uses the entity manager's connection, so each call needs a second connection while the
 * transaction holds the first. If both come from the same pool, concurrent transactions can exhaust
 * the pool and wait for each other until the calls fail with {@link
 * FunctionCallException.Code#CONNECTION_UNAVAILABLE}. Settings that are changed in the transaction,
 * such as {@code pg_hello.repeat}, do not affect greetings.
 *
 * <p>Pass the client to the constructor, for example through a bean container, or set one client
 * for all listeners of this class loader with {@link #setDefaultClient}. If several applications
 * share the class loader, for example in an application server, use the constructor.
 *
 * <p>This class is thread-safe; subclasses must ensure that their own state is thread-safe too.
 */
public abstract class WelcomeListener {
  private static final AtomicReference<@Nullable PgHelloClient> SHARED = new AtomicReference<>();

  private final @Nullable PgHelloClient client;

  /**
   * Creates a listener that uses, for each greeting, the client that is set with {@link
   * #setDefaultClient} at that time.
   */
  protected WelcomeListener() {
    this.client = null;
  }

  /**
   * Creates a listener with its own client, for injection by a bean container or for use with
   * several databases.
   */
  protected WelcomeListener(PgHelloClient client) {
    this.client = Objects.requireNonNull(client, "client");
  }

  /**
   * Sets the client for all listeners that were created without one; call this once, before the
   * first entity is persisted. The caller still has to close the client. Thread-safe.
   *
   * @throws IllegalStateException if another client is already set
   */
  public static void setDefaultClient(PgHelloClient client) {
    PgHelloClient other = SHARED.compareAndExchange(null, Objects.requireNonNull(client, "client"));
    if (other != null && other != client) {
      throw new IllegalStateException(
          "The listeners already use another client, "
              + other
              + ". Call WelcomeListener.clearDefaultClient with that client when you close it. If"
              + " you need both clients, pass each listener its own client in the constructor.");
    }
  }

  /**
   * Clears the client set with {@link #setDefaultClient}. Call this when the application or the
   * test ends. Does nothing if a different client or no client is set. Thread-safe.
   */
  public static void clearDefaultClient(PgHelloClient client) {
    SHARED.compareAndSet(Objects.requireNonNull(client, "client"), null);
  }

  /**
   * Greets a name and passes the greeting to the setter. Call this from a callback that runs before
   * an insert. It is not useful for updates, because JPA does not report which attributes have
   * changed. Takes at most one round trip, which may be shared with other threads, and no round
   * trip if there is nothing to greet.
   *
   * @param name the name to greet; if null, the entity is not changed
   * @param greeting the entity's current greeting; if it is not null, it is kept
   * @param setter a consumer that receives the greeting
   * @throws FunctionCallException under the same conditions as {@link PgHelloClient#hello(String)}.
   *     {@code persist}, {@code merge} and {@code flush} throw this exception directly, and {@code
   *     commit} throws it as the cause of a {@code RollbackException}. The transaction must be
   *     rolled back.
   * @throws IllegalStateException if no client is set
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
              + " has no client. Call WelcomeListener.setDefaultClient(client) before the first"
              + " entity is persisted, or pass a client to the listener's constructor.");
    }
    return found;
  }
}
