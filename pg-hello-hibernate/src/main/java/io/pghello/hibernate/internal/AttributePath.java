// SPDX-License-Identifier: MIT
package io.pghello.hibernate.internal;

import static java.util.Objects.requireNonNull;

import java.util.List;
import org.hibernate.Hibernate;
import org.hibernate.metamodel.mapping.AttributeMapping;
import org.hibernate.metamodel.mapping.EmbeddableValuedModelPart;
import org.hibernate.metamodel.mapping.EntityIdentifierMapping;
import org.hibernate.metamodel.mapping.ModelPart;
import org.hibernate.persister.entity.EntityPersister;
import org.jspecify.annotations.Nullable;

/** The way to an attribute of an entity, or of an embedded object in it. */
final class AttributePath {
  private final EntityPersister persister;
  private final List<String> names;
  private final String description;
  // null in the identifier
  private final @Nullable AttributeMapping first;
  private final AttributeMapping[] rest;

  AttributePath(EntityPersister persister, List<String> names) {
    this.persister = persister;
    this.names = names;
    this.description = persister.getEntityName() + "." + String.join(".", names);
    this.first = persister.findAttributeMapping(names.get(0));
    this.rest = new AttributeMapping[names.size() - 1];
    ModelPart last = first == null ? persister.getIdentifierMapping() : first;
    for (int i = 0; i < rest.length; i++) {
      rest[i] =
          ((EmbeddableValuedModelPart) last)
              .getEmbeddableTypeDescriptor()
              .findAttributeMapping(names.get(i + 1));
      last = rest[i];
    }
  }

  /** The index of the entity's own attribute in its state. */
  int index() {
    return requireNonNull(first).getStateArrayPosition();
  }

  /** Is the value here, or would reading it ask the database? */
  boolean isLoaded(Object entity) {
    return first == null || Hibernate.isPropertyInitialized(entity, names.get(0));
  }

  @Nullable Object get(Object entity) {
    return follow(ofEntity(entity), rest.length);
  }

  @Nullable Object getFrom(@Nullable Object[] state, Object entity) {
    return follow(first == null ? ofEntity(entity) : state[index()], rest.length);
  }

  /** Sets it in the entity, unless an embedded object on the way is null. */
  void set(Object entity, @Nullable Object value) {
    if (rest.length == 0) {
      persister.setValue(entity, index(), value);
    } else {
      setIn(ofEntity(entity), value);
    }
  }

  /** Sets it in an entity's state, unless an embedded object on the way is null. */
  void setIn(@Nullable Object[] state, @Nullable Object value) {
    if (rest.length == 0) {
      state[index()] = value;
    } else {
      setIn(state[index()], value);
    }
  }

  private void setIn(@Nullable Object embedded, @Nullable Object value) {
    Object container = follow(embedded, rest.length - 1);
    if (container != null) {
      rest[rest.length - 1].setValue(container, value);
    }
  }

  private @Nullable Object ofEntity(Object entity) {
    if (first != null) {
      return persister.getValue(entity, index());
    }
    EntityIdentifierMapping identifier = persister.getIdentifierMapping();
    return identifier.getIdentifier(entity);
  }

  private @Nullable Object follow(@Nullable Object start, int steps) {
    Object value = start;
    for (int i = 0; i < steps && value != null; i++) {
      value = rest[i].getValue(value);
    }
    return value;
  }

  @Override
  public String toString() {
    return description;
  }
}
