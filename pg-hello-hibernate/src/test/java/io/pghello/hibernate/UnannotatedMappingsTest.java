// SPDX-License-Identifier: MIT
package io.pghello.hibernate;

import static org.assertj.core.api.Assertions.assertThat;

import jakarta.persistence.AttributeOverride;
import jakarta.persistence.Column;
import jakarta.persistence.DiscriminatorColumn;
import jakarta.persistence.ElementCollection;
import jakarta.persistence.Embeddable;
import jakarta.persistence.Embedded;
import jakarta.persistence.EmbeddedId;
import jakarta.persistence.Entity;
import jakarta.persistence.Enumerated;
import jakarta.persistence.GeneratedValue;
import jakarta.persistence.Id;
import jakarta.persistence.IdClass;
import jakarta.persistence.Inheritance;
import jakarta.persistence.InheritanceType;
import jakarta.persistence.JoinColumn;
import jakarta.persistence.JoinTable;
import jakarta.persistence.ManyToMany;
import jakarta.persistence.ManyToOne;
import jakarta.persistence.MapKeyColumn;
import jakarta.persistence.MapKeyEnumerated;
import jakarta.persistence.MapKeyJoinColumn;
import jakarta.persistence.MappedSuperclass;
import jakarta.persistence.MapsId;
import jakarta.persistence.OneToMany;
import jakarta.persistence.OneToOne;
import jakarta.persistence.OrderColumn;
import jakarta.persistence.PrimaryKeyJoinColumn;
import jakarta.persistence.SecondaryTable;
import jakarta.persistence.Table;
import java.io.ByteArrayInputStream;
import java.io.Serializable;
import java.nio.charset.StandardCharsets;
import java.time.OffsetDateTime;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.UUID;
import java.util.stream.Stream;
import org.hibernate.SessionFactory;
import org.hibernate.annotations.Any;
import org.hibernate.annotations.AnyDiscriminator;
import org.hibernate.annotations.AnyDiscriminatorValue;
import org.hibernate.annotations.AnyKeyJavaClass;
import org.hibernate.annotations.CollectionId;
import org.hibernate.annotations.CollectionIdJavaType;
import org.hibernate.annotations.CollectionIdJdbcTypeCode;
import org.hibernate.annotations.CompositeType;
import org.hibernate.annotations.EmbeddableInstantiator;
import org.hibernate.annotations.Formula;
import org.hibernate.annotations.GeneratedColumn;
import org.hibernate.annotations.JdbcTypeCode;
import org.hibernate.annotations.ManyToAny;
import org.hibernate.annotations.NaturalId;
import org.hibernate.annotations.Parent;
import org.hibernate.annotations.SoftDelete;
import org.hibernate.annotations.TenantId;
import org.hibernate.annotations.TimeZoneStorage;
import org.hibernate.annotations.TimeZoneStorageType;
import org.hibernate.annotations.UuidGenerator;
import org.hibernate.cfg.Configuration;
import org.hibernate.engine.spi.SessionFactoryImplementor;
import org.hibernate.event.service.spi.EventListenerRegistry;
import org.hibernate.event.spi.EventType;
import org.hibernate.metamodel.spi.ValueAccess;
import org.hibernate.type.SqlTypes;
import org.hibernate.type.descriptor.java.LongJavaType;
import org.hibernate.usertype.CompositeUserType;
import org.jspecify.annotations.NullUnmarked;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

/** The jar has no effect on applications that do not use its annotations. */
@NullUnmarked
class UnannotatedMappingsTest {
  /** Hibernate's own mapping files, with and without class names. */
  enum Hbm {
    DYNAMIC_COMPONENT(
        """
        <class name="%s">
          <id name="id"/>
          <property name="name"/>
          <dynamic-component name="attributes">
            <property name="colour" type="string"/>
            <component name="size" class="%s">
              <property name="width"/>
            </component>
          </dynamic-component>
        </class>
        """
            .formatted(Thing.class.getName(), Size.class.getName())),
    DYNAMIC_MAP(
        """
        <class entity-name="Loose">
          <id name="id" type="integer"/>
          <property name="name" type="string"/>
          <component name="place">
            <property name="street" type="string"/>
          </component>
          <dynamic-component name="attributes">
            <property name="colour" type="string"/>
          </dynamic-component>
          <many-to-one name="parent" class="Loose"/>
          <set name="children">
            <key column="parent_id"/>
            <one-to-many class="Loose"/>
          </set>
        </class>
        """),
    DYNAMIC_MAP_OF_COMPOSITE_ID(
        """
        <class entity-name="Looser">
          <composite-id>
            <key-property name="first" type="string"/>
            <key-property name="second" type="string"/>
          </composite-id>
          <property name="name" type="string"/>
          <subclass entity-name="LooserStill" discriminator-value="x">
            <property name="more" type="string"/>
          </subclass>
        </class>
        """
            .replace("</composite-id>", "</composite-id><discriminator column=\"kind\"/>")),
    TWO_ENTITIES_OF_A_CLASS(
        """
        <class name="%1$s" entity-name="One" table="one">
          <id name="id"/>
          <property name="name"/>
        </class>
        <class name="%1$s" entity-name="Two" table="two">
          <id name="id"/>
          <property name="name"/>
          <join table="two_more">
            <key column="id"/>
            <component name="size" class="%2$s">
              <property name="width"/>
              <property name="area" formula="width * width"/>
            </component>
          </join>
        </class>
        """
            .formatted(Thing.class.getName(), Size.class.getName())),
    PROPERTIES_AND_ANY(
        """
        <class name="%s">
          <id name="id"/>
          <properties name="both" unique="true">
            <property name="name"/>
            <property name="note"/>
          </properties>
          <property name="made" generated="always" insert="false" update="false"/>
          <any name="other" id-type="integer" meta-type="string">
            <meta-value value="thing" class="%1$s"/>
            <column name="other_type"/>
            <column name="other_id"/>
          </any>
        </class>
        """
            .formatted(Thing.class.getName())),
    COMPOSITE_ELEMENTS_AND_KEYS(
        """
        <class name="%1$s">
          <id name="id"/>
          <map name="attributes" table="sizes">
            <key column="thing_id"/>
            <composite-map-key class="%3$s">
              <key-property name="width" column="key_width"/>
            </composite-map-key>
            <composite-element class="%2$s">
              <property name="width"/>
              <nested-composite-element name="inner" class="%3$s">
                <property name="width" column="inner_width"/>
              </nested-composite-element>
            </composite-element>
          </map>
          <idbag name="bag" table="bags">
            <collection-id column="bag_id" type="long">
              <generator class="sequence"/>
            </collection-id>
            <key column="thing_id"/>
            <element type="string" column="text"/>
          </idbag>
          <array name="array" table="arrays" element-class="%3$s">
            <key column="thing_id"/>
            <list-index column="position"/>
            <composite-element class="%3$s">
              <property name="width"/>
            </composite-element>
          </array>
        </class>
        """
            .formatted(Thing.class.getName(), Size.class.getName(), Inner.class.getName())),
    MAPPED_COMPOSITE_ID(
        """
        <class name="%s">
          <composite-id class="%s" mapped="true">
            <key-property name="id"/>
            <key-property name="name"/>
          </composite-id>
          <property name="note" access="field"/>
          <property name="nowhere" access="noop" type="string"/>
        </class>
        """
            .formatted(Thing.class.getName(), ThingKey.class.getName())),
    JOINED(
        """
        <class name="%s">
          <id name="id"/>
          <property name="name"/>
          <joined-subclass name="%s">
            <key column="id"/>
            <property name="more"/>
          </joined-subclass>
        </class>
        """
            .formatted(Thing.class.getName(), MoreThing.class.getName())),
    UNION(
        """
        <class name="%s" abstract="true">
          <id name="id"/>
          <property name="name"/>
          <union-subclass name="%s">
            <property name="more"/>
          </union-subclass>
        </class>
        """
            .formatted(Thing.class.getName(), MoreThing.class.getName()));

    private final String classes;

    Hbm(String classes) {
      this.classes = classes;
    }

    ByteArrayInputStream stream() {
      return new ByteArrayInputStream(
          ("""
           <?xml version="1.0" encoding="UTF-8"?>
           <!DOCTYPE hibernate-mapping PUBLIC "-//Hibernate/Hibernate Mapping DTD 3.0//EN"
             "http://www.hibernate.org/dtd/hibernate-mapping-3.0.dtd">
           <hibernate-mapping default-access="field">
           """
                  + classes
                  + "</hibernate-mapping>")
              .getBytes(StandardCharsets.UTF_8));
    }
  }

  static class Thing implements Serializable {
    private static final long serialVersionUID = 1;

    int id;
    String name;
    String note;
    String made;
    transient Object other;
    transient Size size;
    transient Map<Object, Object> attributes;
    transient List<String> bag;
    transient Inner[] array;
  }

  static class MoreThing extends Thing {
    private static final long serialVersionUID = 1;

    String more;
  }

  static class Size {
    int width;
    int area;
    Inner inner;
  }

  static class Inner {
    int width;
  }

  static class ThingKey implements Serializable {
    private static final long serialVersionUID = 1;

    int id;
    String name;
  }

  enum Day {
    MONDAY
  }

  @Embeddable
  static class Spot implements Serializable {
    private static final long serialVersionUID = 1;

    int across;
    Half half;
  }

  @Embeddable
  record Half(boolean left) implements Serializable {}

  @Embeddable
  record Point(int x, int y) {}

  @Embeddable
  record Line(@Embedded Point start, String name) {}

  @Entity(name = "Keyed")
  static class Keyed {
    @Id int id;
    @ElementCollection Map<Spot, Line> spots;
    @ElementCollection Map<Half, Point> halves;
    @ElementCollection @MapKeyEnumerated Map<Day, String> days;
    @ElementCollection @MapKeyColumn Map<String, Integer> numbers;
    @ElementCollection @MapKeyJoinColumn Map<Keyed, Point> points;
    @ManyToMany @JoinTable Map<Spot, Keyed> others;
    @ElementCollection @OrderColumn List<Line> path;
    @ElementCollection @OrderColumn int[] counts;

    @ElementCollection
    @CollectionId(column = @Column(name = "text_id"), generator = "increment")
    @CollectionIdJdbcTypeCode(SqlTypes.BIGINT)
    @CollectionIdJavaType(LongJavaType.class)
    List<String> texts;
  }

  static class Money {
    final long amount;
    final String currency;

    Money(long amount, String currency) {
      this.amount = amount;
      this.currency = currency;
    }

    long getAmount() {
      return amount;
    }

    String getCurrency() {
      return currency;
    }
  }

  static class MoneyMaker implements org.hibernate.metamodel.spi.EmbeddableInstantiator {
    @Override
    public Object instantiate(ValueAccess access, SessionFactoryImplementor factory) {
      return new Money(access.getValue(0, Long.class), access.getValue(1, String.class));
    }

    @Override
    public boolean isInstance(Object object, SessionFactoryImplementor factory) {
      return object instanceof Money;
    }

    @Override
    public boolean isSameClass(Object object, SessionFactoryImplementor factory) {
      return isInstance(object, factory);
    }
  }

  static class MoneyType implements CompositeUserType<Money> {
    static class Mapper {
      long amount;
      String currency;
    }

    @Override
    public Object getPropertyValue(Money component, int property) {
      return property == 0 ? component.amount : component.currency;
    }

    @Override
    public Money instantiate(ValueAccess values, SessionFactoryImplementor factory) {
      return new Money(values.getValue(0, Long.class), values.getValue(1, String.class));
    }

    @Override
    public Class<?> embeddable() {
      return Mapper.class;
    }

    @Override
    public Class<Money> returnedClass() {
      return Money.class;
    }

    @Override
    public boolean equals(Money x, Money y) {
      return Objects.equals(x, y);
    }

    @Override
    public int hashCode(Money x) {
      return x.hashCode();
    }

    @Override
    public Money deepCopy(Money value) {
      return value;
    }

    @Override
    public boolean isMutable() {
      return false;
    }

    @Override
    public Serializable disassemble(Money value) {
      return value.currency;
    }

    @Override
    public Money assemble(Serializable cached, Object owner) {
      return new Money(0, (String) cached);
    }

    @Override
    public Money replace(Money detached, Money managed, Object owner) {
      return detached;
    }
  }

  @Entity(name = "Priced")
  static class Priced {
    @Id int id;

    @Embedded
    @EmbeddableInstantiator(MoneyMaker.class)
    @AttributeOverride(name = "amount", column = @Column(name = "first_amount"))
    @AttributeOverride(name = "currency", column = @Column(name = "first_currency"))
    Money first;

    @CompositeType(MoneyType.class)
    Money second;

    @TimeZoneStorage(TimeZoneStorageType.COLUMN)
    OffsetDateTime at;
  }

  @Embeddable
  @DiscriminatorColumn(name = "seat_kind")
  static class Seat {
    int number;
    @Parent Theatre theatre;

    Theatre getTheatre() {
      return theatre;
    }

    void setTheatre(Theatre theatre) {
      this.theatre = theatre;
    }
  }

  @Embeddable
  static class BoxSeat extends Seat {
    String box;
  }

  @Embeddable
  static class Ref<T> {
    T target;
  }

  @Entity(name = "Theatre")
  @SecondaryTable(name = "theatre_more")
  static class Theatre {
    @Id int id;
    Seat seat;
    @ElementCollection List<Seat> seats;
    @Embedded Ref<String> ref;

    @JdbcTypeCode(SqlTypes.JSON)
    Point json;

    @Column(table = "theatre_more")
    String more;

    @Formula("id + 1")
    int next;

    @OneToMany @JoinColumn List<Theatre> branches;
  }

  @Embeddable
  record Key(String first, int second) implements Serializable {}

  @Entity(name = "Parent")
  static class ParentEntity {
    @EmbeddedId Key id;

    @Any
    @AnyDiscriminator
    @AnyKeyJavaClass(Integer.class)
    @AnyDiscriminatorValue(discriminator = "T", entity = Theatre.class)
    @Column(name = "any_type")
    @JoinColumn(name = "any_id")
    Object any;

    @ManyToAny
    @AnyDiscriminator
    @AnyKeyJavaClass(Integer.class)
    @AnyDiscriminatorValue(discriminator = "T", entity = Theatre.class)
    @Column(name = "any_type")
    @JoinTable(
        name = "parent_any",
        joinColumns = {@JoinColumn, @JoinColumn},
        inverseJoinColumns = @JoinColumn(name = "any_id"))
    List<Object> many;
  }

  @Entity(name = "Child")
  static class Child {
    @EmbeddedId Key id;

    @MapsId @OneToOne ParentEntity parent;
    @NaturalId String number;
  }

  record RowKey(String shop, int number) {}

  @Entity(name = "Row")
  @IdClass(RowKey.class)
  @SoftDelete
  static class Row {
    @Id String shop;
    @Id int number;
    @TenantId String tenant;
    @UuidGenerator UUID uuid;

    @GeneratedColumn("shop || 'x'")
    String shout;
  }

  @MappedSuperclass
  abstract static class Base<T, I> {
    @Id @GeneratedValue I id;
    T name;
    @ElementCollection Set<T> names;
  }

  @Entity(name = "Derived")
  @Inheritance(strategy = InheritanceType.JOINED)
  static class Derived extends Base<String, Long> {
    @ManyToOne Derived next;
  }

  @Entity(name = "MoreDerived")
  @PrimaryKeyJoinColumn(name = "more_id")
  @Table(name = "more_derived")
  static class MoreDerived extends Derived {
    @Enumerated Day day;
  }

  @ParameterizedTest
  @EnumSource
  void startsWithHbmXmlMappings(Hbm mapping) {
    assertHasNoListeners(configuration().addInputStream(mapping.stream()));
  }

  static Stream<List<Class<?>>> classes() {
    return Stream.of(
        List.of(Keyed.class),
        List.of(Priced.class),
        List.of(Theatre.class, Seat.class, BoxSeat.class),
        List.of(Theatre.class, Seat.class, BoxSeat.class, ParentEntity.class, Child.class),
        List.of(Row.class),
        List.of(Derived.class, MoreDerived.class));
  }

  @ParameterizedTest
  @MethodSource("classes")
  void startsWithClasses(List<Class<?>> classes) {
    Configuration configuration = configuration();
    classes.forEach(configuration::addAnnotatedClass);
    assertHasNoListeners(configuration);
  }

  /** The module processes only entities with annotated attributes. */
  @Tag("slow")
  @Test
  void startsWithAFilledEntity() {
    Configuration configuration = configuration().addAnnotatedClass(User.class);
    classes().flatMap(List::stream).distinct().forEach(configuration::addAnnotatedClass);
    Stream.of(Hbm.DYNAMIC_COMPONENT, Hbm.DYNAMIC_MAP, Hbm.DYNAMIC_MAP_OF_COMPOSITE_ID)
        .forEach(mapping -> configuration.addInputStream(mapping.stream()));
    try (SessionFactory factory = configuration.buildSessionFactory()) {
      assertThat(listeners(factory)).isNotEmpty();
    }
  }

  private static Configuration configuration() {
    return new Configuration()
        .setProperty("hibernate.dialect", "org.hibernate.dialect.PostgreSQLDialect")
        .setProperty("hibernate.boot.allow_jdbc_metadata_access", "false");
  }

  private static void assertHasNoListeners(Configuration configuration) {
    try (SessionFactory factory = configuration.buildSessionFactory()) {
      assertThat(listeners(factory)).isEmpty();
    }
  }

  /**
   * Returns this module's event listeners. If there are none, the module does not affect writes.
   */
  private static List<String> listeners(SessionFactory factory) {
    EventListenerRegistry registry =
        factory
            .unwrap(SessionFactoryImplementor.class)
            .getServiceRegistry()
            .requireService(EventListenerRegistry.class);
    var found = new ArrayList<String>();
    for (EventType<?> type : EventType.values()) {
      registry
          .getEventListenerGroup(type)
          .fireEventOnEachListener(
              found, (listener, names) -> names.add(listener.getClass().getName()));
    }
    found.removeIf(name -> !name.startsWith("io.pghello"));
    return found;
  }
}
