// SPDX-License-Identifier: MIT
package io.pghello.hibernate.internal.mapping;

import static java.util.Objects.requireNonNull;

import io.pghello.PgHelloRequest;
import io.pghello.hibernate.WelcomeMessage;
import io.pghello.hibernate.internal.attribute.ServerValueCreator;
import io.pghello.hibernate.internal.prefetch.PrefetchGenerator;
import java.lang.reflect.Modifier;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.Set;
import java.util.stream.Collectors;
import org.hibernate.PropertyNotFoundException;
import org.hibernate.dialect.Dialect;
import org.hibernate.dialect.PostgreSQLDialect;
import org.hibernate.generator.EventType;
import org.hibernate.mapping.BasicValue;
import org.hibernate.mapping.Component;
import org.hibernate.mapping.GeneratorCreator;
import org.hibernate.mapping.Property;
import org.hibernate.type.SqlTypes;
import org.jspecify.annotations.Nullable;

/**
 * Rules that determine which attributes can be filled, and which types and settings they can have.
 */
final class MappingRules {
  private static final Set<Integer> TOO_SMALL_FOR_MILLIS =
      Set.of(SqlTypes.TINYINT, SqlTypes.SMALLINT, SqlTypes.INTEGER, SqlTypes.REAL);

  private MappingRules() {}

  /**
   * Returns an attribute's type. Uses the type determined by Hibernate, because Hibernate resolves
   * type variables.
   */
  static Class<?> typeOf(Property attribute, Class<?> owner) {
    Class<?> declared = attribute.getGetter(owner).getReturnTypeClass();
    return attribute.getValue() instanceof BasicValue basic && !declared.isPrimitive()
        ? basic.resolve().getDomainJavaType().getJavaTypeClass()
        : declared;
  }

  /** Returns whether an attribute has a generator from Hibernate or another library. */
  static boolean isGeneratedByOther(Property attribute) {
    GeneratorCreator creator = attribute.getValueGeneratorCreator();
    return creator != null
        && !(creator instanceof ServerValueCreator)
        && !(creator instanceof PrefetchGenerator.Creator);
  }

  /**
   * Returns the reason why an attribute of an embedded object cannot be filled; null if it can be
   * filled.
   */
  static @Nullable String obstacle(
      ServerValueCreator value, AttributePlace place, Property attribute) {
    Component embedded = place.embedded();
    if (embedded == null) {
      return null;
    }
    Class<?> type = place.type();
    if (embedded.isPolymorphic()) {
      return "is in an embeddable that has subclasses; move it to the entity";
    }
    if (embedded.getTypeName() != null) {
      return "is in a type created by a CompositeUserType; move it to the entity";
    }
    if (type.isRecord()) {
      return "is in a record, which cannot be changed; move it to the entity";
    }
    if (!hasSetter(type, attribute)) {
      return "has no setter in " + type.getSimpleName() + "; add one, or move it to the entity";
    }
    if (value.source() == null
        && embedded.getCustomInstantiator() == null
        && !hasEmptyConstructor(type)) {
      return "is in "
          + type.getSimpleName()
          + ", which has no constructor without arguments, so a missing object cannot be created;"
          + " add such a constructor or an @EmbeddableInstantiator, or move the time to the entity";
    }
    return obstacle(value, requireNonNull(place.outer()), requireNonNull(place.attribute()));
  }

  private static boolean hasSetter(Class<?> type, Property attribute) {
    try {
      return attribute.getSetter(type) != null;
    } catch (PropertyNotFoundException e) {
      return false;
    }
  }

  private static boolean hasEmptyConstructor(Class<?> type) {
    return !Modifier.isAbstract(type.getModifiers())
        && Arrays.stream(type.getDeclaredConstructors())
            .anyMatch(each -> each.getParameterCount() == 0);
  }

  /** Throws an exception if the annotation or its settings are not supported on the attribute. */
  static void check(
      ServerValueCreator value,
      AttributePlace place,
      Property attribute,
      Class<?> type,
      Dialect dialect) {
    if (!(dialect instanceof PostgreSQLDialect)) {
      throw place.error(value, attribute, "needs PostgreSQL and its dialect");
    }
    Set<Class<?>> types =
        value.source() == null
            ? Set.of(Long.class, long.class, Instant.class, OffsetDateTime.class)
            : Set.of(String.class);
    if (!types.contains(type)) {
      throw place.error(
          value,
          attribute,
          "is of type "
              + type.getSimpleName()
              + "; change the type to "
              + types.stream()
                  .map(Class::getSimpleName)
                  .sorted()
                  .collect(Collectors.joining(" or ")));
    }
    if (!(attribute.getValue() instanceof BasicValue basic)
        || basic.getColumnSpan() != 1
        || basic.getColumns().isEmpty()) {
      throw place.error(value, attribute, "is not mapped to exactly one column; map it to one");
    }
    if (value.source() == null
        && TOO_SMALL_FOR_MILLIS.contains(basic.resolve().getJdbcType().getDefaultSqlTypeCode())) {
      throw place.error(
          value, attribute, "has a column that is too small for milliseconds; make it a BIGINT");
    }
    // Hibernate 7.1 and later also have FORCE_INCREMENT
    if (value.events().isEmpty()
        || !EnumSet.of(EventType.INSERT, EventType.UPDATE).containsAll(value.events())) {
      String events = value.events().toString().replace('[', '{').replace(']', '}');
      throw place.error(
          value, attribute, "has event = " + events + "; event must be INSERT, UPDATE, or both");
    }
    if (value.source() != null
        && value.repeat() != WelcomeMessage.SESSION_DEFAULT
        && (value.repeat() < 1 || value.repeat() > PgHelloRequest.REPEAT_MAX)) {
      throw place.error(
          value,
          attribute,
          "has repeat = " + value.repeat() + "; repeat must be 1 to 10, or SESSION_DEFAULT");
    }
    if (value.isOn(EventType.INSERT) && !attribute.getValue().hasAnyInsertableColumns()) {
      throw place.error(
          value,
          attribute,
          "is filled on INSERT, but has insertable = false; change one of these settings");
    }
    if (value.isOn(EventType.UPDATE)) {
      if (!attribute.getValue().hasAnyUpdatableColumns()) {
        throw place.error(
            value,
            attribute,
            "is filled on UPDATE, but has updatable = false; change one of these settings");
      }
      if (attribute.isLazy()) {
        throw place.error(
            value, attribute, "is filled on UPDATE, but is lazy; change one of these settings");
      }
    }
  }
}
