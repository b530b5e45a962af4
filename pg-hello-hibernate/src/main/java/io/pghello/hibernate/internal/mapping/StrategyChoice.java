// SPDX-License-Identifier: MIT
package io.pghello.hibernate.internal.mapping;

import io.pghello.hibernate.ValueStrategy;
import io.pghello.hibernate.internal.attribute.ServerValueCreator;
import io.pghello.hibernate.internal.prefetch.PrefetchGenerator;
import io.pghello.hibernate.internal.prefetch.Prefetcher;
import java.util.IdentityHashMap;
import java.util.Set;
import java.util.function.BooleanSupplier;
import java.util.stream.Stream;
import org.hibernate.boot.Metadata;
import org.hibernate.generator.EventType;
import org.hibernate.mapping.BasicValue;
import org.hibernate.mapping.Column;
import org.hibernate.mapping.PersistentClass;
import org.hibernate.mapping.Property;
import org.hibernate.type.BasicType;
import org.hibernate.type.CustomType;
import org.hibernate.type.SqlTypes;
import org.jspecify.annotations.Nullable;

/** Chooses the strategy of each attribute and prepares the attribute for that strategy. */
final class StrategyChoice {
  // on PostgreSQL, Hibernate maps the other nationalized text types to one of these
  private static final Set<Integer> TEXTS =
      Set.of(
          SqlTypes.CHAR,
          SqlTypes.VARCHAR,
          SqlTypes.LONGVARCHAR,
          SqlTypes.LONG32VARCHAR,
          SqlTypes.LONG32NVARCHAR);
  private static final Set<Integer> INSTANTS =
      Set.of(
          SqlTypes.TIMESTAMP_UTC,
          SqlTypes.TIMESTAMP_WITH_TIMEZONE,
          SqlTypes.INSTANT,
          SqlTypes.OFFSET_DATE_TIME);

  private final Metadata metadata;
  private final WriteExpressions expressions;
  private final Prefetcher prefetcher;
  // an inherited attribute is visited in each entity, but prepared only once
  private final IdentityHashMap<Property, ValueStrategy> prepared = new IdentityHashMap<>();

  private final BooleanSupplier distributed;
  private @Nullable Boolean isDistributed;

  StrategyChoice(
      Metadata metadata,
      WriteExpressions expressions,
      Prefetcher prefetcher,
      BooleanSupplier distributed) {
    this.metadata = metadata;
    this.expressions = expressions;
    this.prefetcher = prefetcher;
    this.distributed = distributed;
  }

  /** Prepares an attribute and returns its strategy. */
  ValueStrategy of(
      ServerValueCreator value, AttributePlace place, Property attribute, Class<?> type) {
    return prepared.computeIfAbsent(attribute, any -> prepare(value, place, attribute, type));
  }

  /** Chooses the strategy, and sets the generator and the write expression accordingly. */
  private ValueStrategy prepare(
      ServerValueCreator value, AttributePlace place, Property attribute, Class<?> type) {
    ValueStrategy strategy = value.strategy();
    String obstacle = obstacleToExpression(value, place, attribute, type);
    if (strategy == ValueStrategy.AUTO) {
      strategy =
          obstacle == null && isIdentity(place.entity()) && acceptsExpressions()
              ? ValueStrategy.RETURNING
              : ValueStrategy.PREFETCH;
    } else if (strategy == ValueStrategy.RETURNING && obstacle != null) {
      throw place.error(
          value, attribute, "has strategy = RETURNING, but " + obstacle + "; use PREFETCH");
    }
    if (strategy == ValueStrategy.RETURNING
        && !place.entity().isMutable()
        && !isIdentity(place.entity())) {
      throw place.error(
          value,
          attribute,
          "has strategy = RETURNING, which Hibernate does not support for @Immutable entities; use"
              + " PREFETCH");
    }
    if (strategy == ValueStrategy.PREFETCH) {
      if (place.path().isEmpty()) {
        value.generateWith(new PrefetchGenerator(prefetcher, attribute.getName(), value.events()));
      }
      return strategy;
    }
    attribute
        .getColumns()
        .get(0)
        .setCustomWrite(
            value.source() != null
                ? expressions.greeting(value.repeat())
                : isMillis(type) ? expressions.millis() : expressions.instant());
    value.generateWith(new ReturningGenerator());
    return strategy;
  }

  /**
   * Returns the reason why the INSERT cannot compute the value; null if the INSERT can compute it.
   */
  private @Nullable String obstacleToExpression(
      ServerValueCreator value, AttributePlace place, Property attribute, Class<?> type) {
    if (value.isOn(EventType.UPDATE)) {
      return "is filled on UPDATE";
    }
    if (!place.path().isEmpty()) {
      return "is in an embeddable";
    }
    if (hasCustomInsert(place.entity().getRootClass())) {
      return "the entity has an @SQLInsert without an expression for the value";
    }
    var basic = (BasicValue) attribute.getValue();
    BasicValue.Resolution<?> resolved = basic.resolve();
    if (resolved.getValueConverter() != null) {
      return "has a converter";
    }
    if (isCustom(resolved)) {
      return "has a custom type, which may convert the value";
    }
    int column = resolved.getJdbcType().getDefaultSqlTypeCode();
    if (value.source() != null) {
      if (!TEXTS.contains(column)) {
        return "its column is not a text column";
      }
    } else if (isMillis(type)) {
      if (column != SqlTypes.BIGINT) {
        return "its column is not a BIGINT";
      }
    } else if (!INSTANTS.contains(column)) {
      return "its column is not a timestamp with time zone";
    }
    return attribute.getColumns().get(0).getCustomWrite() == null
        ? null
        : "already has a write expression";
  }

  /** Returns whether the type, or any part of it, is custom rather than built into Hibernate. */
  private static boolean isCustom(BasicValue.Resolution<?> resolved) {
    BasicType<?> type = resolved.getLegacyResolvedBasicType();
    return type instanceof CustomType<?>
        || Stream.of(type, resolved.getDomainJavaType(), resolved.getJdbcType())
            .anyMatch(part -> !part.getClass().getName().startsWith("org.hibernate."));
  }

  /**
   * Returns whether the database accepts the write expressions in an INSERT. Citus rejects the
   * subqueries that these expressions contain.
   */
  private boolean acceptsExpressions() {
    if (isDistributed == null) {
      isDistributed = distributed.getAsBoolean();
    }
    return !isDistributed;
  }

  private static boolean isMillis(Class<?> type) {
    return type == Long.class || type == long.class;
  }

  /**
   * Returns whether any class of a hierarchy has a custom INSERT. All classes count, because an
   * inherited attribute is prepared only once.
   */
  private boolean hasCustomInsert(PersistentClass root) {
    return metadata.getEntityBindings().stream()
        .filter(entity -> entity.getRootClass().equals(root))
        .anyMatch(
            entity ->
                entity.getCustomSQLInsert() != null
                    || entity.getJoins().stream()
                        .anyMatch(join -> join.getCustomSQLInsert() != null));
  }

  /**
   * Returns whether the INSERT generates the identifier. Reads the column instead of the
   * annotation, because XML may override annotations.
   */
  private static boolean isIdentity(PersistentClass entity) {
    return entity.getIdentifier().getSelectables().stream()
        .anyMatch(each -> each instanceof Column column && column.isIdentity());
  }
}
