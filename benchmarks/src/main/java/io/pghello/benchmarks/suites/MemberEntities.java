// SPDX-License-Identifier: MIT
package io.pghello.benchmarks.suites;

import io.pghello.benchmarks.harness.Sql;
import io.pghello.hibernate.NowMillis;
import io.pghello.hibernate.ValueStrategy;
import io.pghello.hibernate.WelcomeMessage;
import jakarta.persistence.Entity;
import jakarta.persistence.GeneratedValue;
import jakarta.persistence.GenerationType;
import jakarta.persistence.Id;
import jakarta.persistence.MappedSuperclass;
import jakarta.persistence.PrePersist;
import jakarta.persistence.SequenceGenerator;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.Objects;
import java.util.stream.Stream;
import org.hibernate.generator.EventType;
import org.jspecify.annotations.Nullable;

/**
 * Entities that have similar tables but differ in the origin of their values. Unless documented
 * otherwise, an entity has its own sequence, with an increment of 50.
 */
final class MemberEntities {
  private MemberEntities() {}

  static Stream<Class<?>> all() {
    return Stream.of(MemberEntities.class.getDeclaredClasses())
        .filter(each -> each.isAnnotationPresent(Entity.class));
  }

  @MappedSuperclass
  abstract static class Member {
    @Nullable String username;

    void rename(String name) {
      username = name;
    }

    static String greet(@Nullable String name) {
      return "Hello, " + name + "!";
    }
  }

  /** The application computes the values. */
  @MappedSuperclass
  abstract static class ByProgram extends Member {
    @Nullable String greeting;
    @Nullable Long createdAt;

    @Override
    void rename(String name) {
      super.rename(name);
      greeting = greet(name);
      createdAt = 1L;
    }
  }

  /** The server computes the values. */
  @MappedSuperclass
  abstract static class ByServer extends Member {
    @WelcomeMessage(of = "username")
    @Nullable String greeting;

    @NowMillis @Nullable Long createdAt;
  }

  @Entity(name = "Plain")
  static class Plain extends ByProgram {
    @Id @GeneratedValue @Nullable Long id;
  }

  @Entity(name = "Filled")
  static class Filled extends ByServer {
    @Id @GeneratedValue @Nullable Long id;
  }

  @Entity(name = "TunedPlain")
  static class TunedPlain extends ByProgram {
    @Id
    @GeneratedValue(generator = "tuned_plain_id")
    @SequenceGenerator(name = "tuned_plain_id", allocationSize = 1_000)
    @Nullable Long id;
  }

  @Entity(name = "Tuned")
  static class Tuned extends ByServer {
    @Id
    @GeneratedValue(generator = "tuned_id")
    @SequenceGenerator(name = "tuned_id", allocationSize = 1_000)
    @Nullable Long id;
  }

  @Entity(name = "CountedPlain")
  static class CountedPlain extends ByProgram {
    @Id
    @GeneratedValue(strategy = GenerationType.IDENTITY)
    @Nullable Long id;
  }

  @Entity(name = "Counted")
  static class Counted extends ByServer {
    @Id
    @GeneratedValue(strategy = GenerationType.IDENTITY)
    @Nullable Long id;
  }

  /** A callback computes the values with two queries, which is a common technique. */
  @Entity(name = "Listened")
  static class Listened extends Member {
    /**
     * The session's connection. The callback uses this connection, so that the callback need not
     * wait for another connection.
     */
    static @Nullable Connection connection;

    @Id @GeneratedValue @Nullable Long id;
    @Nullable String greeting;
    @Nullable Long createdAt;

    @PrePersist
    void fill() throws SQLException {
      Connection current = Objects.requireNonNull(connection);
      String name = Objects.requireNonNull(username);
      greeting = Sql.query(current, "SELECT pg_hello(?)", row -> row.getString(1), name);
      createdAt = Sql.query(current, "SELECT now_ms()", row -> row.getLong(1));
    }
  }

  /** The INSERT computes the values and returns them. */
  @Entity(name = "Returned")
  static class Returned extends Member {
    @Id @GeneratedValue @Nullable Long id;

    @WelcomeMessage(of = "username", strategy = ValueStrategy.RETURNING)
    @Nullable String greeting;

    @NowMillis(strategy = ValueStrategy.RETURNING)
    @Nullable Long createdAt;
  }

  /** The server computes the values at each INSERT and UPDATE. */
  @Entity(name = "Renamed")
  static class Renamed extends Member {
    @Id @GeneratedValue @Nullable Long id;

    @WelcomeMessage(
        of = "username",
        event = {EventType.INSERT, EventType.UPDATE})
    @Nullable String greeting;

    @NowMillis(event = {EventType.INSERT, EventType.UPDATE})
    @Nullable Long createdAt;
  }
}
