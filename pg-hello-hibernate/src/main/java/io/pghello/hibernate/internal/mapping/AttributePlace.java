// SPDX-License-Identifier: MIT
package io.pghello.hibernate.internal.mapping;

import io.pghello.hibernate.internal.attribute.ServerValueCreator;
import java.util.ArrayList;
import java.util.List;
import org.hibernate.MappingException;
import org.hibernate.mapping.Component;
import org.hibernate.mapping.PersistentClass;
import org.hibernate.mapping.Property;
import org.jspecify.annotations.Nullable;

/**
 * The owner of an attribute: an entity, or an object embedded in an entity.
 *
 * @param outer the owner that contains the embedded object; null for an entity
 * @param attribute the attribute of the outer owner that holds the embedded object; null for an
 *     entity
 * @param embedded the mapping of the embedded object; null for an entity
 */
record AttributePlace(
    PersistentClass entity,
    @Nullable AttributePlace outer,
    @Nullable Property attribute,
    @Nullable Component embedded,
    List<String> path,
    List<Property> attributes) {
  static AttributePlace of(PersistentClass entity) {
    List<Property> attributes = new ArrayList<>(entity.getPropertyClosure());
    // the parts of an @IdClass are also attributes of the entity itself
    attributes.removeIf(each -> each.getValue().equals(entity.getIdentifierMapper()));
    return new AttributePlace(entity, null, null, null, List.of(), attributes);
  }

  AttributePlace in(Component part, Property as) {
    return new AttributePlace(
        entity, this, as, part, with(path, as.getName()), part.getProperties());
  }

  /**
   * Returns the owner's Java class. Call this only for owners of an annotated attribute, because
   * other owners may be mapped without a class.
   */
  Class<?> type() {
    return embedded == null ? entity.getMappedClass() : embedded.getComponentClass();
  }

  String of(String name) {
    return entity.getJpaEntityName() + "." + String.join(".", with(path, name));
  }

  /** Returns the path with a name appended. */
  static List<String> with(List<String> path, String name) {
    var longer = new ArrayList<>(path);
    longer.add(name);
    return List.copyOf(longer);
  }

  /** Returns an error about an attribute of this owner. */
  MappingException error(ServerValueCreator value, Property attribute, String what) {
    return error(value, attribute.getName(), what);
  }

  /** Returns an error about an attribute of this owner or of an object embedded in it. */
  MappingException error(ServerValueCreator value, String attribute, String what) {
    return new MappingException(value.annotation() + " on " + of(attribute) + " " + what + ".");
  }
}
