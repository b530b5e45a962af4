// SPDX-License-Identifier: MIT
package io.pghello.examples.hibernate;

import io.pghello.PgHelloClient;
import jakarta.persistence.EntityExistsException;
import java.sql.SQLException;
import java.util.Iterator;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;
import java.util.function.LongConsumer;
import org.hibernate.Session;
import org.hibernate.SessionFactory;
import org.hibernate.exception.ConstraintViolationException;
import org.hibernate.exception.ConstraintViolationException.ConstraintKind;
import org.postgresql.util.PSQLException;
import org.postgresql.util.ServerErrorMessage;

/** The users of an application. Each method is one transaction. Thread-safe. */
final class Users {
  /** The number of users that are written in one round trip. */
  static final int BATCH = 1_000;

  private final SessionFactory factory;
  private final PgHelloClient client;

  Users(SessionFactory factory, PgHelloClient client) {
    this.factory = factory;
    this.client = client;
  }

  /**
   * Creates a user. Three round trips: greeting and time, the row, the commit; and one more for
   * each 1,000 identifiers.
   *
   * @throws EntityExistsException if the name is taken
   */
  User createWithGreeting(String username, String email) {
    return inTransaction(session -> saved(session, new User(username, email)));
  }

  /**
   * Creates a user who is greeted a number of times, which takes one round trip more.
   *
   * @param repeat 1 to 10
   * @throws EntityExistsException if the name is taken
   */
  User createWithGreeting(String username, String email, int repeat) {
    return inTransaction(
        session -> {
          var user = new User(username, email);
          user.setWelcomeMessage(new GreetingService(session, client).greeting(username, repeat));
          return saved(session, user);
        });
  }

  private static User saved(Session session, User user) {
    session.persist(user);
    // here, and not with the commit, which would wrap what is thrown
    session.flush();
    return user;
  }

  /** Finds the user of this name. */
  Optional<User> find(String username) {
    return inTransaction(
        session ->
            session
                .createSelectionQuery("from User where username = :username", User.class)
                .setParameter("username", username)
                .uniqueResultOptional());
  }

  /** Returns those who were created last, the last one first. */
  List<User> latest(int count) {
    return inTransaction(
        session ->
            session
                .createSelectionQuery("from User order by id desc", User.class)
                .setMaxResults(count)
                .getResultList());
  }

  /** Greets those who were created last, the last one first, within the query. */
  List<String> greetLatest(int count, int repeat) {
    return inTransaction(
        session ->
            session
                .createSelectionQuery(
                    "select pg_hello(username, :repeat) from User order by id desc", String.class)
                .setParameter("repeat", repeat)
                .setMaxResults(count)
                .getResultList());
  }

  /**
   * Creates users, all of them or none. Three round trips for each 1,000 of them, and the commit.
   * Memory does not grow with their number.
   *
   * @param users new ones, asked for one by one
   * @param progress takes, after each 1,000, how many there have been, and the number of all at the
   *     end
   * @return how many there were
   * @throws EntityExistsException if a name is taken, or there twice
   */
  long importAll(Iterator<User> users, LongConsumer progress) {
    return inTransaction(
        session -> {
          long count = 0;
          while (users.hasNext()) {
            session.persist(users.next());
            count++;
            if (count % BATCH == 0 || !users.hasNext()) {
              session.flush();
              session.clear();
              progress.accept(count);
            }
          }
          return count;
        });
  }

  private <T> T inTransaction(Function<Session, T> work) {
    try {
      return factory.fromTransaction(work);
    } catch (ConstraintViolationException e) {
      if (e.getKind() != ConstraintKind.UNIQUE) {
        throw e;
      }
      throw new EntityExistsException("The username is taken: " + detail(e.getSQLException()), e);
    }
  }

  /** Returns the server's detail, which names the user; the driver quotes the whole statement. */
  private static String detail(SQLException error) {
    for (Throwable each : error) {
      ServerErrorMessage words = each instanceof PSQLException e ? e.getServerErrorMessage() : null;
      if (words != null && words.getDetail() != null) {
        return words.getDetail();
      }
    }
    return String.valueOf(error.getSQLState());
  }
}
