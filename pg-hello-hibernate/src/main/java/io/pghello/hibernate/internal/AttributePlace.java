// SPDX-License-Identifier: MIT
package io.pghello.hibernate.internal;

import java.util.ArrayList;
import java.util.List;
import org.hibernate.MappingException;
import org.hibernate.mapping.Component;
import org.hibernate.mapping.PersistentClass;
import org.hibernate.mapping.Property;
import org.jspecify.annotations.Nullable;

/**
 * The place of attributes: in an entity, or in an object that is embedded in it.
 *
 * @param outer where the embedded object is; null if this is the entity itself
 * @param attribute the attribute there that it is; null if this is the entity itself
 * @param embedded how it is mapped; null if this is the entity itself
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
    // what an @IdClass has; the entity has it as attributes of its own
    attributes.removeIf(each -> each.getValue().equals(entity.getIdentifierMapper()));
    return new AttributePlace(entity, null, null, null, List.of(), attributes);
  }

  AttributePlace in(Component part, Property as) {
    return new AttributePlace(
        entity, this, as, part, with(path, as.getName()), part.getProperties());
  }

  /** Returns the class; only of what is annotated, as other mappings may do without classes. */
  Class<?> type() {
    return embedded == null ? entity.getMappedClass() : embedded.getComponentClass();
  }

  String of(String name) {
    return entity.getJpaEntityName() + "." + String.join(".", with(path, name));
  }

  /** Returns a path that is longer by a name. */
  static List<String> with(List<String> path, String name) {
    var longer = new ArrayList<>(path);
    longer.add(name);
    return List.copyOf(longer);
  }

  /** Returns an error that names an attribute here. */
  MappingException error(ServerValueCreator value, Property attribute, String what) {
    return error(value, attribute.getName(), what);
  }

  /** Returns an error that names an attribute here, or further in. */
  MappingException error(ServerValueCreator value, String attribute, String what) {
    return new MappingException(value.annotation() + " on " + of(attribute) + " " + what + ".");
  }
}
