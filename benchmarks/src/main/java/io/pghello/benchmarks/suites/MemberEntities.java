// SPDX-License-Identifier: MIT
package io.pghello.benchmarks.suites;

import io.pghello.hibernate.NowMillis;
import io.pghello.hibernate.ValueEvent;
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
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** Entities whose tables are alike, and which differ in where their values come from. */
final class MemberEntities {
  static final List<Class<?>> ALL =
      List.of(
          Plain.class,
          Filled.class,
          Returned.class,
          Listened.class,
          Renamed.class,
          TunedPlain.class,
          Tuned.class,
          CountedPlain.class,
          Counted.class);

  private MemberEntities() {}

  /** The common superclass. */
  @MappedSuperclass
  abstract static class Member {
    @Nullable String username;

    abstract @Nullable String greeting();

    abstract @Nullable Long createdAt();

    void rename(String name) {
      username = name;
    }

    /** Returns whether the entity, once it is written, is as it should be. */
    boolean isRight() {
      Long created = createdAt();
      return greet(username).equals(greeting()) && created != null && created > 0;
    }

    static String greet(@Nullable String name) {
      return "Hello, " + name + "!";
    }
  }

  /** The program computes the values itself. */
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

    @Override
    @Nullable String greeting() {
      return greeting;
    }

    @Override
    @Nullable Long createdAt() {
      return createdAt;
    }
  }

  /** The server computes the values. */
  @MappedSuperclass
  abstract static class ByServer extends Member {
    @WelcomeMessage(of = "username")
    @Nullable String greeting;

    @NowMillis @Nullable Long createdAt;

    @Override
    @Nullable String greeting() {
      return greeting;
    }

    @Override
    @Nullable Long createdAt() {
      return createdAt;
    }
  }

  @Entity(name = "Plain")
  static class Plain extends ByProgram {
    @Id
    @GeneratedValue(strategy = GenerationType.SEQUENCE, generator = "plain_id")
    @SequenceGenerator(name = "plain_id", sequenceName = "plain_id", allocationSize = 50)
    @Nullable Long id;
  }

  @Entity(name = "Filled")
  static class Filled extends ByServer {
    @Id
    @GeneratedValue(strategy = GenerationType.SEQUENCE, generator = "filled_id")
    @SequenceGenerator(name = "filled_id", sequenceName = "filled_id", allocationSize = 50)
    @Nullable Long id;
  }

  @Entity(name = "TunedPlain")
  static class TunedPlain extends ByProgram {
    @Id
    @GeneratedValue(strategy = GenerationType.SEQUENCE, generator = "tuned_plain_id")
    @SequenceGenerator(
        name = "tuned_plain_id",
        sequenceName = "tuned_plain_id",
        allocationSize = 1_000)
    @Nullable Long id;
  }

  @Entity(name = "Tuned")
  static class Tuned extends ByServer {
    @Id
    @GeneratedValue(strategy = GenerationType.SEQUENCE, generator = "tuned_id")
    @SequenceGenerator(name = "tuned_id", sequenceName = "tuned_id", allocationSize = 1_000)
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

  /** A callback computes the values with two queries, the usual way. */
  @Entity(name = "Listened")
  static class Listened extends Member {
    /** The session's own, so that the callback waits for no other connection. */
    static @Nullable Connection connection;

    @Id
    @GeneratedValue(strategy = GenerationType.SEQUENCE, generator = "listened_id")
    @SequenceGenerator(name = "listened_id", sequenceName = "listened_id", allocationSize = 50)
    @Nullable Long id;

    @Nullable String greeting;
    @Nullable Long createdAt;

    @PrePersist
    void fill() throws SQLException {
      Connection current = Objects.requireNonNull(connection);
      try (PreparedStatement statement = current.prepareStatement("SELECT pg_hello(?)")) {
        statement.setString(1, username);
        try (ResultSet row = statement.executeQuery()) {
          row.next();
          greeting = row.getString(1);
        }
      }
      try (PreparedStatement statement = current.prepareStatement("SELECT now_ms()");
          ResultSet row = statement.executeQuery()) {
        row.next();
        createdAt = row.getLong(1);
      }
    }

    @Override
    @Nullable String greeting() {
      return greeting;
    }

    @Override
    @Nullable Long createdAt() {
      return createdAt;
    }
  }

  /** The INSERT computes the values and returns them. */
  @Entity(name = "Returned")
  static class Returned extends Member {
    @Id
    @GeneratedValue(strategy = GenerationType.SEQUENCE, generator = "returned_id")
    @SequenceGenerator(name = "returned_id", sequenceName = "returned_id", allocationSize = 50)
    @Nullable Long id;

    @WelcomeMessage(of = "username", strategy = ValueStrategy.RETURNING)
    @Nullable String greeting;

    @NowMillis(strategy = ValueStrategy.RETURNING)
    @Nullable Long createdAt;

    @Override
    @Nullable String greeting() {
      return greeting;
    }

    @Override
    @Nullable Long createdAt() {
      return createdAt;
    }
  }

  /** The server computes the values at each INSERT and UPDATE. */
  @Entity(name = "Renamed")
  static class Renamed extends Member {
    @Id
    @GeneratedValue(strategy = GenerationType.SEQUENCE, generator = "renamed_id")
    @SequenceGenerator(name = "renamed_id", sequenceName = "renamed_id", allocationSize = 50)
    @Nullable Long id;

    @WelcomeMessage(
        of = "username",
        on = {ValueEvent.INSERT, ValueEvent.UPDATE})
    @Nullable String greeting;

    @NowMillis(on = {ValueEvent.INSERT, ValueEvent.UPDATE})
    @Nullable Long createdAt;

    @Override
    @Nullable String greeting() {
      return greeting;
    }

    @Override
    @Nullable Long createdAt() {
      return createdAt;
    }
  }
}
