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
  /** The number of users that are inserted in one round trip. */
  static final int BATCH = 1_000;

  private final SessionFactory factory;
  private final PgHelloClient client;

  Users(SessionFactory factory, PgHelloClient client) {
    this.factory = factory;
    this.client = client;
  }

  /**
   * Creates a user. Takes three round trips (greeting and time, row, commit), and an additional one
   * for every 1,000 identifiers.
   *
   * @throws EntityExistsException if the name is taken
   */
  User createWithGreeting(String username, String email) {
    return inTransaction(session -> saved(session, new User(username, email)));
  }

  /**
   * Creates a user with a repeated greeting. Takes one more round trip than {@link
   * #createWithGreeting(String, String)}.
   *
   * @param repeat the number of greetings, 1 to 10
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
    // flush here, because the commit would wrap the exception in another one
    session.flush();
    return user;
  }

  /** Finds a user by name. */
  Optional<User> find(String username) {
    return inTransaction(
        session ->
            session
                .createSelectionQuery("from User where username = :username", User.class)
                .setParameter("username", username)
                .uniqueResultOptional());
  }

  /** Returns the most recently created users, newest first. */
  List<User> latest(int count) {
    return inTransaction(
        session ->
            session
                .createSelectionQuery("from User order by id desc", User.class)
                .setMaxResults(count)
                .getResultList());
  }

  /**
   * Greets the most recently created users, newest first. The query itself computes the greetings.
   */
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
   * Creates all users or none. Takes three round trips per 1,000 users, and one for the commit.
   * Memory use does not depend on the number of users.
   *
   * @param users the new users, which are read one by one
   * @param progress a consumer that receives the number of users created so far, after every 1,000
   *     users and at the end
   * @return the number of users
   * @throws EntityExistsException if a name is taken or occurs twice
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

  /**
   * Returns the server's detail message, which contains the user's name. The driver's message would
   * contain the whole statement.
   */
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
