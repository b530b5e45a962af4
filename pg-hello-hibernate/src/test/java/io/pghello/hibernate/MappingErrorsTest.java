// SPDX-License-Identifier: MIT
package io.pghello.hibernate;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.catchThrowable;
import static org.junit.jupiter.params.provider.Arguments.arguments;

import jakarta.persistence.Access;
import jakarta.persistence.AccessType;
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
import jakarta.persistence.GeneratedValue;
import jakarta.persistence.GenerationType;
import jakarta.persistence.Id;
import jakarta.persistence.Lob;
import jakarta.persistence.ManyToOne;
import jakarta.persistence.MapKey;
import jakarta.persistence.MappedSuperclass;
import jakarta.persistence.OneToMany;
import jakarta.persistence.Version;
import java.io.Serializable;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.stream.Stream;
import org.hibernate.annotations.ColumnDefault;
import org.hibernate.annotations.ColumnTransformer;
import org.hibernate.annotations.CompositeType;
import org.hibernate.annotations.CreationTimestamp;
import org.hibernate.annotations.EmbeddableInstantiator;
import org.hibernate.annotations.Formula;
import org.hibernate.annotations.Generated;
import org.hibernate.annotations.GeneratedColumn;
import org.hibernate.annotations.JdbcTypeCode;
import org.hibernate.annotations.TenantId;
import org.hibernate.annotations.TimeZoneStorage;
import org.hibernate.annotations.TimeZoneStorageType;
import org.hibernate.annotations.UuidGenerator;
import org.hibernate.cfg.Configuration;
import org.hibernate.engine.spi.SessionFactoryImplementor;
import org.hibernate.generator.EventType;
import org.hibernate.metamodel.spi.ValueAccess;
import org.hibernate.type.SqlTypes;
import org.hibernate.usertype.CompositeUserType;
import org.jspecify.annotations.NullUnmarked;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** Tests mappings that are rejected when the session factory is built, and the error messages. */
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

    @NowMillis(event = {})
    long at;
  }

  @Entity(name = "E")
  static class ReturnedOnUpdate {
    @Id int id;

    @NowMillis(
        event = {EventType.INSERT, EventType.UPDATE},
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

  /** The identifier is outside the embedded object. */
  @Entity(name = "E")
  static class OfIdentifierOutside {
    @Id String id;
    PartOfIdentifier part;
  }

  @Embeddable
  static class PartOfIdentifier {
    @WelcomeMessage(of = "id")
    String greeting;
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

    @JdbcTypeCode(SqlTypes.TIMESTAMP)
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
    @NowMillis(event = EventType.UPDATE)
    long at;
  }

  @Entity(name = "E")
  static class Lazy {
    @Id int id;

    @Basic(fetch = FetchType.LAZY)
    @NowMillis(event = EventType.UPDATE)
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
  @Access(AccessType.FIELD)
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

  @Entity(name = "E")
  static class KeyedByTime {
    @Id int id;
    @ElementCollection Map<Part, String> texts;
  }

  @Entity(name = "E")
  static class KeyedDeeply {
    @Id int id;
    @ElementCollection Map<Outer, String> texts;
  }

  @Embeddable
  @Access(AccessType.FIELD)
  static class Outer {
    @Embedded Part inner;
  }

  @Entity(name = "E")
  static class CollectedGreetings {
    @Id int id;
    String username;

    @ElementCollection
    @WelcomeMessage(of = "username")
    List<String> greetings;
  }

  @Entity(name = "E")
  static class LargeReturned {
    @Id int id;
    String username;

    @Lob
    @WelcomeMessage(of = "username", strategy = ValueStrategy.RETURNING)
    String greeting;
  }

  @Entity(name = "E")
  static class JsonReturned {
    @Id int id;
    String username;

    @JdbcTypeCode(SqlTypes.JSON)
    @WelcomeMessage(of = "username", strategy = ValueStrategy.RETURNING)
    String greeting;
  }

  @Entity(name = "E")
  static class NumericReturned {
    @Id int id;

    @JdbcTypeCode(SqlTypes.NUMERIC)
    @NowMillis(strategy = ValueStrategy.RETURNING)
    Long at;
  }

  @Entity(name = "E")
  static class TooSmall {
    @Id int id;

    @JdbcTypeCode(SqlTypes.INTEGER)
    @NowMillis
    Long at;
  }

  @Entity(name = "E")
  static class MuchTooSmall {
    @Id int id;

    @JdbcTypeCode(SqlTypes.SMALLINT)
    @NowMillis
    Long at;
  }

  @Entity(name = "E")
  static class Tiny {
    @Id int id;

    @JdbcTypeCode(SqlTypes.TINYINT)
    @NowMillis
    Long at;
  }

  @Entity(name = "E")
  static class Rounded {
    @Id int id;

    @JdbcTypeCode(SqlTypes.REAL)
    @NowMillis
    Long at;
  }

  @Entity(name = "E")
  static class TwoColumns {
    @Id int id;

    @TimeZoneStorage(TimeZoneStorageType.COLUMN)
    @NowMillis
    OffsetDateTime at;
  }

  @Entity(name = "E")
  static class WithoutConstructor {
    @Id int id;
    @Embedded Stamp stamp;
  }

  @Entity(name = "E")
  static class WithoutConstructorInside {
    @Id int id;
    StampHolder holder;
  }

  @Embeddable
  static class StampHolder {
    @Embedded Stamp stamp;
  }

  @Embeddable
  static class Stamp {
    @NowMillis long at;

    Stamp(long at) {
      this.at = at;
    }
  }

  static class StampMaker implements org.hibernate.metamodel.spi.EmbeddableInstantiator {
    @Override
    public Object instantiate(ValueAccess access, SessionFactoryImplementor factory) {
      return new Stamp(access.getValue(0, Long.class));
    }

    @Override
    public boolean isInstance(Object object, SessionFactoryImplementor factory) {
      return object instanceof Stamp;
    }

    @Override
    public boolean isSameClass(Object object, SessionFactoryImplementor factory) {
      return isInstance(object, factory);
    }
  }

  @Entity(name = "E")
  static class WithoutSetter {
    @Id int id;

    @Embedded
    @EmbeddableInstantiator(StampMaker.class)
    Fixed fixed;
  }

  @Embeddable
  @Access(AccessType.PROPERTY)
  static class Fixed {
    private String name;

    String getName() {
      return name;
    }

    void setName(String name) {
      this.name = name;
    }

    @WelcomeMessage(of = "name")
    String getGreeting() {
      return name;
    }
  }

  @Entity(name = "E")
  static class WithCompositeType {
    @Id int id;

    @CompositeType(StampType.class)
    MadeStamp stamp;
  }

  record MadeStamp(long at) {}

  static class StampType implements CompositeUserType<MadeStamp> {
    @Override
    public Object getPropertyValue(MadeStamp component, int property) {
      return component.at();
    }

    @Override
    public MadeStamp instantiate(ValueAccess values, SessionFactoryImplementor factory) {
      return new MadeStamp(values.getValue(0, Long.class));
    }

    @Override
    public Class<?> embeddable() {
      return Part.class;
    }

    @Override
    public Class<MadeStamp> returnedClass() {
      return MadeStamp.class;
    }

    @Override
    public boolean equals(MadeStamp x, MadeStamp y) {
      return Objects.equals(x, y);
    }

    @Override
    public int hashCode(MadeStamp x) {
      return x.hashCode();
    }

    @Override
    public MadeStamp deepCopy(MadeStamp value) {
      return value;
    }

    @Override
    public boolean isMutable() {
      return false;
    }

    @Override
    public Serializable disassemble(MadeStamp value) {
      return value.at();
    }

    @Override
    public MadeStamp assemble(Serializable cached, Object owner) {
      return new MadeStamp((Long) cached);
    }

    @Override
    public MadeStamp replace(MadeStamp detached, MadeStamp managed, Object owner) {
      return detached;
    }
  }

  @Entity(name = "E")
  static class OfTenant {
    @Id int id;
    @TenantId String tenant;

    @WelcomeMessage(of = "tenant")
    String greeting;
  }

  @Entity(name = "E")
  static class OfTenantBefore {
    @Id int id;
    @TenantId String tenant;

    @WelcomeMessage(of = "tenant", strategy = ValueStrategy.RETURNING)
    String zzz;
  }

  @Entity(name = "E")
  static class OfUuid {
    @Id int id;
    @UuidGenerator String key;

    @WelcomeMessage(of = "key")
    String greeting;
  }

  @Entity(name = "E")
  static class OfUuidAfter {
    @Id int id;
    @UuidGenerator String key;

    @WelcomeMessage(of = "key")
    String zzz;
  }

  @Entity(name = "E")
  static class OfGeneratedColumn {
    @Id int id;

    @GeneratedColumn("'x' || id")
    String key;

    @WelcomeMessage(
        of = "key",
        event = {EventType.INSERT, EventType.UPDATE})
    String greeting;
  }

  @Entity(name = "E")
  static class OfFormula {
    @Id int id;

    @Formula("'x' || id")
    String key;

    @WelcomeMessage(of = "key", event = EventType.UPDATE)
    String greeting;
  }

  @Entity(name = "E")
  static class OfNotInserted {
    @Id int id;

    @Column(insertable = false)
    String key;

    @WelcomeMessage(of = "key")
    String greeting;
  }

  @Entity(name = "E")
  static class OfGeneratedInside {
    @Id int id;
    Keys keys;

    @WelcomeMessage(of = "keys.key")
    String greeting;
  }

  @Embeddable
  static class Keys {
    @UuidGenerator String key;
    int number;
  }

  @Entity(name = "E")
  static class OfIdentity {
    @Id
    @GeneratedValue(strategy = GenerationType.IDENTITY)
    String id;

    @WelcomeMessage(of = "id")
    String greeting;
  }

  @Entity(name = "E")
  static class OfReturned {
    @Id
    @Generated
    @ColumnDefault("gen_random_uuid()")
    String id;

    @WelcomeMessage(of = "id")
    String greeting;
  }

  @Entity(name = "E")
  static class OfGeneratedInParent extends GeneratedParent {
    @WelcomeMessage(of = "key")
    String greeting;
  }

  @MappedSuperclass
  static class GeneratedParent {
    @Id int id;
    @UuidGenerator String key;
  }

  static Stream<Arguments> wrong() {
    return Stream.of(
        arguments(
            Unknown.class,
            "@WelcomeMessage on E.greeting has of = \"usernam\", which is not an attribute: the attributes are"
                + " greeting, id, username."),
        arguments(
            UnknownInside.class,
            "has of = \"name.frist\", which is not an attribute: the attributes are first, last."),
        arguments(
            NothingInside.class,
            "has of = \"username.first\", which is not an attribute: username is not embedded."),
        arguments(
            OtherEntity.class,
            "has of = \"parent.greeting\", which is not an attribute: parent is not embedded."),
        arguments(
            Itself.class,
            "has of = \"greeting\", which is itself filled by the server; name an attribute that"
                + " your program sets."),
        arguments(
            Chain.class,
            "E.second has of = \"first\", which is itself filled by the server; name an attribute"
                + " that your program sets."),
        arguments(
            NoString.class, "has of = \"id\", which is not a String; name a String attribute."),
        arguments(
            WholeName.class, "has of = \"name\", which is not a String; name a String attribute."),
        arguments(GreetingOfWrongType.class, "is of type Long; change the type to String."),
        arguments(
            TimeOfWrongType.class,
            "@NowMillis on E.at is of type int; change the type to Instant or Long or"
                + " OffsetDateTime or long."),
        arguments(TooOften.class, "has repeat = 11; repeat must be 1 to 10, or SESSION_DEFAULT."),
        arguments(Negative.class, "has repeat = -1; repeat must be 1 to 10, or SESSION_DEFAULT."),
        arguments(Never.class, "has event = {}; event must be INSERT, UPDATE, or both."),
        arguments(
            ReturnedOnUpdate.class,
            "has strategy = RETURNING, but is filled on UPDATE; use PREFETCH."),
        arguments(
            ReturnedInside.class,
            "E.part.at has strategy = RETURNING, but is in an embeddable; use PREFETCH."),
        arguments(Converted.class, "has strategy = RETURNING, but has a converter; use PREFETCH."),
        arguments(
            Transformed.class,
            "has strategy = RETURNING, but already has a write expression; use PREFETCH."),
        arguments(
            LocalInstant.class,
            "has strategy = RETURNING, but its column is not a timestamp with time zone; use"
                + " PREFETCH."),
        arguments(
            NotInsertable.class,
            "is filled on INSERT, but has insertable = false; change one of these settings."),
        arguments(
            NotUpdatable.class,
            "is filled on UPDATE, but has updatable = false; change one of these settings."),
        arguments(
            Lazy.class, "E.at is filled on UPDATE, but is lazy; change one of these settings."),
        arguments(Identified.class, "E.id is part of the identifier"),
        arguments(IdentifiedInside.class, "E.id.at is part of the identifier"),
        arguments(Versioned.class, "E.version is the version"),
        arguments(Collected.class, "E.parts.at is in a collection"),
        arguments(KeyedByTime.class, "E.texts.at is in the key of a map"),
        arguments(KeyedDeeply.class, "E.texts.inner.at is in the key of a map"),
        arguments(
            CollectedGreetings.class, "E.greetings is of type List; change the type to String."),
        arguments(
            LargeReturned.class,
            "has strategy = RETURNING, but its column is not a text column; use PREFETCH."),
        arguments(
            JsonReturned.class,
            "has strategy = RETURNING, but its column is not a text column; use PREFETCH."),
        arguments(
            NumericReturned.class,
            "has strategy = RETURNING, but its column is not a BIGINT; use PREFETCH."),
        arguments(
            TooSmall.class,
            "E.at has a column that is too small for milliseconds; make it a BIGINT."),
        arguments(MuchTooSmall.class, "E.at has a column that is too small for milliseconds"),
        arguments(Tiny.class, "E.at has a column that is too small for milliseconds"),
        arguments(Rounded.class, "E.at has a column that is too small for milliseconds"),
        arguments(TwoColumns.class, "E.at is not mapped to exactly one column; map it to one."),
        arguments(
            WithoutConstructor.class,
            "E.stamp.at is in Stamp, which has no constructor without arguments, so a missing"
                + " object cannot be created; add such a constructor or an @EmbeddableInstantiator,"
                + " or move the time to the entity."),
        arguments(
            WithoutConstructorInside.class,
            "E.holder.stamp.at is in Stamp, which has no constructor without arguments"),
        arguments(
            WithoutSetter.class,
            "E.fixed.greeting has no setter in Fixed; add one, or move it to the entity."),
        arguments(
            WithCompositeType.class,
            "E.stamp.at is in a type created by a CompositeUserType; move it to the entity."),
        arguments(
            OfTenant.class,
            "E.greeting has of = \"tenant\", which TenantIdGeneration generates only after the"
                + " greeting is computed; name an attribute that your program sets, or set this"
                + " one in a @PrePersist method."),
        arguments(OfTenantBefore.class, "E.zzz has of = \"tenant\", which TenantIdGeneration"),
        arguments(OfUuid.class, "E.greeting has of = \"key\", which UuidGenerator generates"),
        arguments(OfUuidAfter.class, "E.zzz has of = \"key\", which UuidGenerator generates"),
        arguments(
            OfGeneratedColumn.class,
            "E.greeting has of = \"key\", which GeneratedAlwaysGeneration generates"),
        arguments(
            OfFormula.class,
            "E.greeting has of = \"key\", which is a formula, so its value is unknown before the"
                + " INSERT; name an attribute that the formula uses."),
        arguments(OfNotInserted.class, "E.greeting has of = \"key\", which has insertable = false"),
        arguments(
            OfGeneratedInside.class,
            "E.greeting has of = \"keys.key\", which UuidGenerator generates"),
        arguments(OfIdentity.class, ".greeting has of = \"id\", which the INSERT generates"),
        arguments(OfReturned.class, ".greeting has of = \"id\", which the INSERT generates"),
        arguments(
            OfGeneratedInParent.class,
            "has of = \"key\", which UuidGenerator generates only after the greeting is computed"),
        arguments(
            OfIdentifierOutside.class,
            "E.part.greeting has of = \"id\", which is not an attribute: the attributes are greeting."),
        arguments(WithRecord.class, "E.point.at is in a record"),
        arguments(Twice.class, "cannot be combined with another annotation that generates"),
        arguments(GeneratedToo.class, "cannot be combined with another annotation that generates"));
  }

  @ParameterizedTest
  @MethodSource("wrong")
  void isRejectedAtBoot(Class<?> entity, String message) {
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
  void isRejectedIfTheFunctionIsMissing() {
    assertThatCode(() -> boot("PostgreSQLDialect", Fine.class)).doesNotThrowAnyException();
    assertThat(catchThrowable(() -> boot("H2Dialect", Fine.class)))
        .hasMessageContaining("@WelcomeMessage on E.greeting needs PostgreSQL");
  }

  /** The source is known on the event of the greeting. */
  @Entity(name = "E")
  static class OfGeneratedEarlier {
    @Id int id;
    @UuidGenerator String key;

    @Column(insertable = false)
    String other;

    @WelcomeMessage(of = "key", event = EventType.UPDATE)
    String greeting;

    @WelcomeMessage(of = "other", event = EventType.UPDATE)
    String greetingOfOther;
  }

  @Test
  void allowsASourceGeneratedOnAnotherEvent() {
    assertThatCode(() -> boot("PostgreSQLDialect", OfGeneratedEarlier.class))
        .doesNotThrowAnyException();
  }

  /** The map's key has no column; it is an attribute of the values. */
  @Entity(name = "Shelf")
  static class Shelf {
    @Id int id;

    @OneToMany
    @MapKey(name = "part")
    Map<Part, Book> books;
  }

  @Entity(name = "Book")
  static class Book {
    @Id int id;
    Part part;

    @CompositeType(NamedType.class)
    MadeName made;

    @WelcomeMessage(of = "made.name")
    String greeting;
  }

  record MadeName(String name) {}

  static class NamedType implements CompositeUserType<MadeName> {
    static class Mapper {
      String name;
    }

    @Override
    public Object getPropertyValue(MadeName component, int property) {
      return component.name();
    }

    @Override
    public MadeName instantiate(ValueAccess values, SessionFactoryImplementor factory) {
      return new MadeName(values.getValue(0, String.class));
    }

    @Override
    public Class<?> embeddable() {
      return Mapper.class;
    }

    @Override
    public Class<MadeName> returnedClass() {
      return MadeName.class;
    }

    @Override
    public boolean equals(MadeName x, MadeName y) {
      return Objects.equals(x, y);
    }

    @Override
    public int hashCode(MadeName x) {
      return x.hashCode();
    }

    @Override
    public MadeName deepCopy(MadeName value) {
      return value;
    }

    @Override
    public boolean isMutable() {
      return false;
    }

    @Override
    public Serializable disassemble(MadeName value) {
      return value.name();
    }

    @Override
    public MadeName assemble(Serializable cached, Object owner) {
      return new MadeName((String) cached);
    }

    @Override
    public MadeName replace(MadeName detached, MadeName managed, Object owner) {
      return detached;
    }
  }

  @Test
  void allowsAMapKeyedByAFilledAttribute() {
    assertThatCode(() -> boot("PostgreSQLDialect", Shelf.class, Book.class))
        .doesNotThrowAnyException();
  }

  /** All column types for text, and all for timestamps with time zone. */
  @Entity(name = "Returned")
  static class Returned {
    @Id int id;
    String username;

    @JdbcTypeCode(SqlTypes.CHAR)
    @WelcomeMessage(of = "username", strategy = ValueStrategy.RETURNING)
    String text1;

    @JdbcTypeCode(SqlTypes.VARCHAR)
    @WelcomeMessage(of = "username", strategy = ValueStrategy.RETURNING)
    String text2;

    @JdbcTypeCode(SqlTypes.LONGVARCHAR)
    @WelcomeMessage(of = "username", strategy = ValueStrategy.RETURNING)
    String text3;

    @JdbcTypeCode(SqlTypes.LONG32VARCHAR)
    @WelcomeMessage(of = "username", strategy = ValueStrategy.RETURNING)
    String text4;

    @JdbcTypeCode(SqlTypes.NCHAR)
    @WelcomeMessage(of = "username", strategy = ValueStrategy.RETURNING)
    String text5;

    @JdbcTypeCode(SqlTypes.NVARCHAR)
    @WelcomeMessage(of = "username", strategy = ValueStrategy.RETURNING)
    String text6;

    @JdbcTypeCode(SqlTypes.LONGNVARCHAR)
    @WelcomeMessage(of = "username", strategy = ValueStrategy.RETURNING)
    String text7;

    @JdbcTypeCode(SqlTypes.LONG32NVARCHAR)
    @WelcomeMessage(of = "username", strategy = ValueStrategy.RETURNING)
    String text8;

    @JdbcTypeCode(SqlTypes.TIMESTAMP_UTC)
    @NowMillis(strategy = ValueStrategy.RETURNING)
    Instant time1;

    @JdbcTypeCode(SqlTypes.TIMESTAMP_WITH_TIMEZONE)
    @NowMillis(strategy = ValueStrategy.RETURNING)
    Instant time2;

    @JdbcTypeCode(SqlTypes.INSTANT)
    @NowMillis(strategy = ValueStrategy.RETURNING)
    Instant time3;

    @JdbcTypeCode(SqlTypes.OFFSET_DATE_TIME)
    @NowMillis(strategy = ValueStrategy.RETURNING)
    OffsetDateTime time4;
  }

  @Test
  void allowsTheInsertToComputeAllTextAndTimeColumns() {
    assertThatCode(() -> boot("PostgreSQLDialect", Returned.class)).doesNotThrowAnyException();
  }

  private static void boot(String dialect, Class<?>... entities) {
    Configuration configuration =
        new Configuration()
            .setProperty("hibernate.dialect", "org.hibernate.dialect." + dialect)
            .setProperty("hibernate.boot.allow_jdbc_metadata_access", "false");
    for (Class<?> entity : entities) {
      configuration.addAnnotatedClass(entity);
    }
    configuration.buildSessionFactory().close();
  }
}
