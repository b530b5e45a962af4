// SPDX-License-Identifier: MIT
package io.pghello.hibernate.internal.mapping;

import io.pghello.hibernate.ValueStrategy;
import io.pghello.hibernate.internal.attribute.MappedValue;
import io.pghello.hibernate.internal.attribute.ServerValueCreator;
import io.pghello.hibernate.internal.prefetch.PrefetchGenerator;
import io.pghello.hibernate.internal.prefetch.Prefetcher;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.BooleanSupplier;
import org.hibernate.boot.Metadata;
import org.hibernate.dialect.Dialect;
import org.hibernate.generator.EventType;
import org.hibernate.mapping.Collection;
import org.hibernate.mapping.Component;
import org.hibernate.mapping.IndexedCollection;
import org.hibernate.mapping.PersistentClass;
import org.hibernate.mapping.Property;
import org.hibernate.mapping.Value;

/** Finds the annotated attributes in the mappings. */
public final class Mappings {
  private static final String IN_IDENTIFIER = "is part of the identifier";

  private final Dialect dialect;
  private final Prefetcher prefetcher;
  private final StrategyChoice strategies;
  private final boolean reactive;
  private final Map<String, List<MappedValue>> found = new HashMap<>();

  private Mappings(
      Dialect dialect, Prefetcher prefetcher, StrategyChoice strategies, boolean reactive) {
    this.dialect = dialect;
    this.prefetcher = prefetcher;
    this.strategies = strategies;
    this.reactive = reactive;
  }

  /**
   * Prepares all annotated attributes, and returns them by entity name.
   *
   * @param distributed a supplier that returns whether the database is distributed by Citus; called
   *     at most once
   * @param reactive whether the factory is Hibernate Reactive's, which has no JDBC connection
   */
  public static Map<String, List<MappedValue>> prepare(
      Metadata metadata,
      WriteExpressions expressions,
      Prefetcher prefetcher,
      BooleanSupplier distributed,
      boolean reactive) {
    var mappings =
        new Mappings(
            metadata.getDatabase().getDialect(),
            prefetcher,
            new StrategyChoice(metadata, expressions, prefetcher, distributed),
            reactive);
    metadata.getEntityBindings().forEach(mappings::visit);
    return mappings.found;
  }

  private void visit(PersistentClass entity) {
    AttributePlace place = AttributePlace.of(entity);
    place.attributes().forEach(attribute -> visit(place, attribute));
    if (entity.getIdentifierProperty() != null) {
      reject(place, entity.getIdentifierProperty(), IN_IDENTIFIER);
    }
    if (entity.getIdentifierMapper() != null) {
      entity
          .getIdentifierMapper()
          .getProperties()
          .forEach(part -> reject(place, part, IN_IDENTIFIER));
    }
  }

  private void visit(AttributePlace place, Property attribute) {
    Value mapped = attribute.getValue();
    if (attribute.getValueGeneratorCreator() instanceof ServerValueCreator value) {
      if (attribute.equals(place.entity().getVersion())) {
        throw place.error(
            value,
            attribute,
            "is the version, which Hibernate fills; put the annotation on another attribute");
      }
      if (reactive) {
        throw place.error(
            value,
            attribute,
            "does not work with Hibernate Reactive, which has no JDBC connection; map a generated"
                + " column (@GeneratedColumn) or a @Formula instead");
      }
      found
          .computeIfAbsent(place.entity().getEntityName(), any -> new ArrayList<>())
          .add(map(value, place, attribute));
    } else if (mapped instanceof Component embedded) {
      AttributePlace inside = place.in(embedded, attribute);
      embedded.getProperties().forEach(part -> visit(inside, part));
      if (place.path().isEmpty()) {
        generate(place, attribute);
      }
    } else if (mapped instanceof Collection collection) {
      reject(place, attribute, collection.getElement(), "is in a collection");
      if (collection instanceof IndexedCollection indexed && isWritten(indexed.getIndex())) {
        reject(place, attribute, indexed.getIndex(), "is in the key of a map");
      }
    }
  }

  /**
   * Returns whether a map's key has its own columns. With {@code @MapKey}, the key is an attribute
   * of the map's values instead.
   */
  private static boolean isWritten(Value key) {
    return key instanceof Component embedded
        && embedded.getProperties().stream().anyMatch(Property::isInsertable);
  }

  /**
   * Assigns a generator of this module to an embedded object that contains annotated attributes.
   * Hibernate's own generator ignores nested objects, and makes Hibernate 7 omit the object from
   * UPDATEs.
   */
  private void generate(AttributePlace place, Property embedded) {
    Set<EventType> events = EnumSet.noneOf(EventType.class);
    for (MappedValue each : found.getOrDefault(place.entity().getEntityName(), List.of())) {
      if (each.path().size() > 1 && each.path().get(0).equals(embedded.getName())) {
        events.addAll(each.value().events());
        rejectOther(each, place, embedded);
      }
    }
    if (!events.isEmpty()) {
      embedded.setValueGeneratorCreator(
          new PrefetchGenerator.Creator(prefetcher, embedded.getName(), events));
    }
  }

  private static void rejectOther(MappedValue value, AttributePlace place, Property attribute) {
    if (MappingRules.isGeneratedByOther(attribute)) {
      throw place.error(
          value.value(),
          String.join(".", value.path()),
          "is in the same embedded object as "
              + attribute.getName()
              + ", which has another generator; move one of them to the entity");
    }
    if (attribute.getValue() instanceof Component embedded) {
      embedded.getProperties().forEach(part -> rejectOther(value, place, part));
    }
  }

  private void reject(AttributePlace place, Property attribute, String why) {
    if (attribute.getValueGeneratorCreator() instanceof ServerValueCreator value) {
      throw place.error(
          value,
          attribute,
          why
              + ", where Hibernate does not generate values; put the annotation on an attribute of"
              + " the entity");
    }
    reject(place, attribute, attribute.getValue(), why);
  }

  private void reject(AttributePlace place, Property attribute, Value value, String why) {
    if (value instanceof Component embedded) {
      AttributePlace inside = place.in(embedded, attribute);
      embedded.getProperties().forEach(part -> reject(inside, part, why));
    }
  }

  private MappedValue map(ServerValueCreator value, AttributePlace place, Property attribute) {
    String obstacle = MappingRules.obstacle(value, place, attribute);
    if (obstacle != null) {
      throw place.error(value, attribute, obstacle);
    }
    Class<?> type = MappingRules.typeOf(attribute, place.type());
    MappingRules.check(value, place, attribute, type, dialect);
    List<String> source =
        value.source() == null ? null : GreetedAttribute.find(value, place, attribute);
    ValueStrategy strategy = strategies.of(value, place, attribute, type);
    return new MappedValue(
        value, strategy, AttributePlace.with(place.path(), attribute.getName()), source, type);
  }
}
