// SPDX-License-Identifier: MIT
package io.pghello.hibernate;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.catchThrowable;
import static org.junit.jupiter.params.provider.Arguments.arguments;

import jakarta.persistence.AttributeConverter;
import jakarta.persistence.Basic;
import jakarta.persistence.Column;
import jakarta.persistence.Convert;
import jakarta.persistence.ElementCollection;
import jakarta.persistence.Embeddable;
import jakarta.persistence.Embedded;
import jakarta.persistence.EmbeddedId;
import jakarta.persistence.Entity;
import jakarta.persistence.FetchType;
import jakarta.persistence.Id;
import jakarta.persistence.ManyToOne;
import jakarta.persistence.Version;
import java.io.Serializable;
import java.time.Instant;
import java.util.List;
import java.util.stream.Stream;
import org.hibernate.annotations.ColumnTransformer;
import org.hibernate.annotations.CreationTimestamp;
import org.hibernate.annotations.Generated;
import org.hibernate.cfg.Configuration;
import org.jspecify.annotations.NullUnmarked;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** What is refused when the session factory is built, with which words. */
@NullUnmarked
class MappingErrorsTest {
  @Entity(name = "E")
  static class Unknown {
    @Id int id;
    String username;

    @WelcomeMessage(of = "usernam")
    String greeting;
  }

  @Entity(name = "E")
  static class UnknownInside {
    @Id int id;
    Name name;

    @WelcomeMessage(of = "name.frist")
    String greeting;
  }

  @Embeddable
  static class Name {
    String first;
    String last;
  }

  @Entity(name = "E")
  static class NothingInside {
    @Id int id;
    String username;

    @WelcomeMessage(of = "username.first")
    String greeting;
  }

  @Entity(name = "E")
  static class OtherEntity {
    @Id int id;
    @ManyToOne OtherEntity parent;

    @WelcomeMessage(of = "parent.greeting")
    String greeting;
  }

  @Entity(name = "E")
  static class Itself {
    @Id int id;

    @WelcomeMessage(of = "greeting")
    String greeting;
  }

  @Entity(name = "E")
  static class Chain {
    @Id int id;
    String username;

    @WelcomeMessage(of = "username")
    String first;

    @WelcomeMessage(of = "first")
    String second;
  }

  @Entity(name = "E")
  static class NoString {
    @Id int id;

    @WelcomeMessage(of = "id")
    String greeting;
  }

  @Entity(name = "E")
  static class WholeName {
    @Id int id;
    Name name;

    @WelcomeMessage(of = "name")
    String greeting;
  }

  @Entity(name = "E")
  static class GreetingOfWrongType {
    @Id int id;
    String username;

    @WelcomeMessage(of = "username")
    Long greeting;
  }

  @Entity(name = "E")
  static class TimeOfWrongType {
    @Id int id;

    @NowMillis int at;
  }

  @Entity(name = "E")
  static class TooOften {
    @Id int id;
    String username;

    @WelcomeMessage(of = "username", repeat = 11)
    String greeting;
  }

  @Entity(name = "E")
  static class Negative {
    @Id int id;
    String username;

    @WelcomeMessage(of = "username", repeat = -1)
    String greeting;
  }

  @Entity(name = "E")
  static class Never {
    @Id int id;

    @NowMillis(on = {})
    long at;
  }

  @Entity(name = "E")
  static class ReturnedOnUpdate {
    @Id int id;

    @NowMillis(
        on = {ValueEvent.INSERT, ValueEvent.UPDATE},
        strategy = ValueStrategy.RETURNING)
    long at;
  }

  @Entity(name = "E")
  static class ReturnedInside {
    @Id int id;
    ReturnedPart part;
  }

  @Embeddable
  static class ReturnedPart {
    @NowMillis(strategy = ValueStrategy.RETURNING)
    long at;
  }

  @Entity(name = "E")
  static class Converted {
    @Id int id;
    String username;

    @Convert(converter = Upper.class)
    @WelcomeMessage(of = "username", strategy = ValueStrategy.RETURNING)
    String greeting;
  }

  static class Upper implements AttributeConverter<String, String> {
    @Override
    public String convertToDatabaseColumn(String attribute) {
      return attribute;
    }

    @Override
    public String convertToEntityAttribute(String data) {
      return data;
    }
  }

  @Entity(name = "E")
  static class Transformed {
    @Id int id;
    String username;

    @ColumnTransformer(write = "lower(?)")
    @WelcomeMessage(of = "username", strategy = ValueStrategy.RETURNING)
    String greeting;
  }

  @Entity(name = "E")
  static class LocalInstant {
    @Id int id;

    @org.hibernate.annotations.JdbcTypeCode(org.hibernate.type.SqlTypes.TIMESTAMP)
    @NowMillis(strategy = ValueStrategy.RETURNING)
    Instant at;
  }

  @Entity(name = "E")
  static class NotInsertable {
    @Id int id;

    @Column(insertable = false)
    @NowMillis
    long at;
  }

  @Entity(name = "E")
  static class NotUpdatable {
    @Id int id;

    @Column(updatable = false)
    @NowMillis(on = ValueEvent.UPDATE)
    long at;
  }

  @Entity(name = "E")
  static class Lazy {
    @Id int id;

    @Basic(fetch = FetchType.LAZY)
    @NowMillis(on = ValueEvent.UPDATE)
    Long at;
  }

  @Entity(name = "E")
  static class Identified {
    @Id @NowMillis long id;
  }

  @Entity(name = "E")
  static class IdentifiedInside {
    @EmbeddedId Key id;
  }

  @Embeddable
  static class Key implements Serializable {
    private static final long serialVersionUID = 1;

    @NowMillis long at;
    int number;
  }

  @Entity(name = "E")
  static class Versioned {
    @Id int id;
    @Version @NowMillis Long version;
  }

  @Entity(name = "E")
  static class Collected {
    @Id int id;
    @ElementCollection List<Part> parts;
  }

  @Embeddable
  static class Part {
    @NowMillis long at;
    int number;
  }

  @Entity(name = "E")
  static class WithRecord {
    @Id int id;
    @Embedded Point point;
  }

  @Embeddable
  record Point(int x, @NowMillis long at) {}

  @Entity(name = "E")
  static class Twice {
    @Id int id;

    @CreationTimestamp @NowMillis Instant at;
  }

  @Entity(name = "E")
  static class GeneratedToo {
    @Id int id;

    @Generated @NowMillis Long at;
  }

  static Stream<Arguments> wrong() {
    return Stream.of(
        arguments(
            Unknown.class,
            "@WelcomeMessage on E.greeting has of = \"usernam\", which is no attribute: there are"
                + " greeting, id, username."),
        arguments(
            UnknownInside.class,
            "has of = \"name.frist\", which is no attribute: there are first, last."),
        arguments(
            NothingInside.class,
            "has of = \"username.first\", which is no attribute: username has nothing embedded."),
        arguments(
            OtherEntity.class,
            "has of = \"parent.greeting\", which is no attribute: parent has nothing embedded."),
        arguments(Itself.class, "has of = \"greeting\", which is itself filled by the server."),
        arguments(
            Chain.class, "E.second has of = \"first\", which is itself filled by the server."),
        arguments(NoString.class, "has of = \"id\", which is not a String."),
        arguments(WholeName.class, "has of = \"name\", which is not a String."),
        arguments(GreetingOfWrongType.class, "is of type Long; it may be String."),
        arguments(
            TimeOfWrongType.class,
            "@NowMillis on E.at is of type int; it may be Instant or Long or long."),
        arguments(TooOften.class, "has repeat = 11; it may be 1 to 10, or AS_SET."),
        arguments(Negative.class, "has repeat = -1; it may be 1 to 10, or AS_SET."),
        arguments(Never.class, "has on = {}; it may be INSERT, UPDATE, or both."),
        arguments(
            ReturnedOnUpdate.class, "has strategy = RETURNING, and is on UPDATE; use PREFETCH."),
        arguments(
            ReturnedInside.class,
            "E.part.at has strategy = RETURNING, and is in an embeddable; use PREFETCH."),
        arguments(Converted.class, "has strategy = RETURNING, and has a converter; use PREFETCH."),
        arguments(
            Transformed.class,
            "has strategy = RETURNING, and has a write expression of its own; use PREFETCH."),
        arguments(
            LocalInstant.class,
            "has strategy = RETURNING, and its column is no timestamp with time zone; use PREFETCH."),
        arguments(NotInsertable.class, "is on INSERT, and insertable = false."),
        arguments(NotUpdatable.class, "is on UPDATE, and updatable = false."),
        arguments(Identified.class, "E.id is part of the identifier"),
        arguments(IdentifiedInside.class, "E.id.at is part of the identifier"),
        arguments(Versioned.class, "E.version is the version"),
        arguments(Collected.class, "E.parts.at is in a collection"),
        arguments(WithRecord.class, "E.point.at is in a record"),
        arguments(Twice.class, "cannot be combined with another annotation that generates"),
        arguments(GeneratedToo.class, "cannot be combined with another annotation that generates"));
  }

  @ParameterizedTest
  @MethodSource("wrong")
  void isRefusedAtBoot(Class<?> entity, String message) {
    Throwable thrown = catchThrowable(() -> boot("PostgreSQLDialect", entity));
    assertThat(thrown).isNotNull();
    assertThat(Stream.iterate(thrown, each -> each != null, Throwable::getCause))
        .anySatisfy(
            each -> assertThat(each.getMessage()).contains(message).contains(" on ").contains("."));
  }

  @Entity(name = "E")
  static class Fine {
    @Id int id;
    String username;

    @WelcomeMessage(of = "username")
    String greeting;
  }

  @Test
  void isRefusedWhereThereIsNoSuchFunction() {
    assertThatCode(() -> boot("PostgreSQLDialect", Fine.class)).doesNotThrowAnyException();
    assertThat(catchThrowable(() -> boot("H2Dialect", Fine.class)))
        .hasMessageContaining("@WelcomeMessage on E.greeting needs PostgreSQL");
  }

  private static void boot(String dialect, Class<?> entity) {
    new Configuration()
        .setProperty("hibernate.dialect", "org.hibernate.dialect." + dialect)
        .setProperty("hibernate.boot.allow_jdbc_metadata_access", "false")
        .addAnnotatedClass(entity)
        .buildSessionFactory()
        .close();
  }
}
