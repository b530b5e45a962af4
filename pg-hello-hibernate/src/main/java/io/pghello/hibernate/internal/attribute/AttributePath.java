// SPDX-License-Identifier: MIT
package io.pghello.hibernate.internal.attribute;

import static java.util.Objects.requireNonNull;

import java.lang.invoke.MethodHandle;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.MethodType;
import java.lang.reflect.Array;
import java.util.List;
import java.util.stream.IntStream;
import org.hibernate.Hibernate;
import org.hibernate.bytecode.enhance.spi.LazyPropertyInitializer;
import org.hibernate.engine.spi.SelfDirtinessTracker;
import org.hibernate.engine.spi.SessionFactoryImplementor;
import org.hibernate.metamodel.mapping.AttributeMapping;
import org.hibernate.metamodel.mapping.EmbeddableMappingType;
import org.hibernate.metamodel.mapping.EmbeddableValuedModelPart;
import org.hibernate.metamodel.mapping.EntityIdentifierMapping;
import org.hibernate.metamodel.mapping.ModelPart;
import org.hibernate.metamodel.mapping.SelectableMapping;
import org.hibernate.metamodel.spi.EmbeddableInstantiator;
import org.hibernate.metamodel.spi.ValueAccess;
import org.hibernate.persister.entity.EntityPersister;
import org.jspecify.annotations.Nullable;

/** The path from an entity to one of its attributes, which may be inside an embedded object. */
public final class AttributePath {
  // A method handle, because instantiate() has a second parameter, the factory, in Hibernate 6.6.
  private static final MethodHandle INSTANTIATE = instantiate();

  private final EntityPersister persister;
  private final List<String> names;
  private final String description;
  // null if the path leads into the identifier
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

  SessionFactoryImplementor factory() {
    return persister.getFactory();
  }

  /** Returns the index of this path's top-level attribute in the entity's state array. */
  public int index() {
    return requireNonNull(first).getStateArrayPosition();
  }

  /** Returns whether the value can be read without a query. */
  public boolean isLoaded(Object entity) {
    return first == null
        || Hibernate.isPropertyInitialized(entity, names.get(0))
        || isSet(entity, names.get(0));
  }

  /** Returns whether the application has set an attribute of a bytecode-enhanced entity. */
  public static boolean isSet(Object entity, String name) {
    return entity instanceof SelfDirtinessTracker tracker
        && List.of(tracker.$$_hibernate_getDirtyAttributes()).contains(name);
  }

  /** Returns whether all embedded objects on the path exist. */
  public boolean isReachable(Object entity) {
    return rest.length == 0 || follow(ofEntity(entity), rest.length - 1) != null;
  }

  /**
   * Returns whether an UPDATE writes this attribute.
   *
   * @param dirty indexes of the changed attributes; null if unknown
   */
  public boolean isUpdated(int @Nullable [] dirty) {
    ModelPart last = rest.length == 0 ? first : rest[rest.length - 1];
    return first != null
        && persister.getPropertyUpdateability()[index()]
        && last instanceof SelectableMapping column
        && column.isUpdateable()
        && (dirty == null
            || !persister.getEntityMetamodel().isDynamicUpdate()
            || IntStream.of(dirty).anyMatch(each -> each == index()));
  }

  public @Nullable Object get(Object entity) {
    return follow(ofEntity(entity), rest.length);
  }

  public @Nullable Object getFrom(@Nullable Object[] state, Object entity) {
    return follow(first == null ? ofEntity(entity) : state[index()], rest.length);
  }

  /** Returns whether this path consists only of the top-level attribute with this name. */
  public boolean isAt(String name) {
    return rest.length == 0 && names.get(0).equals(name);
  }

  /** Returns whether this path leads into the entity's embedded object with this name. */
  public boolean isWithin(String name) {
    return rest.length > 0 && names.get(0).equals(name);
  }

  /** Returns whether this path begins at the top-level attribute with this name. */
  public boolean isPartOf(String name) {
    return names.get(0).equals(name);
  }

  /** Returns whether this path leads into an embedded object. */
  public boolean isEmbedded() {
    return rest.length > 0;
  }

  /** Sets the value in the entity. Creates missing embedded objects if the value is not null. */
  public void set(Object entity, @Nullable Object value) {
    persister.setValue(entity, index(), with(persister.getValue(entity, index()), value));
  }

  /**
   * Sets the value in an entity's state array. Creates missing embedded objects if the value is not
   * null.
   */
  public void setIn(@Nullable Object[] state, @Nullable Object value) {
    state[index()] = with(state[index()], value);
  }

  /**
   * Sets the value within the top-level attribute at which this path begins.
   *
   * @param attribute the embedded object in that attribute, or null if there is none; ignored if
   *     the path has only one step
   * @return the new value of the top-level attribute
   */
  public @Nullable Object with(@Nullable Object attribute, @Nullable Object value) {
    return with(attribute, 0, value);
  }

  /**
   * Returns the object at the given step of the path, with the value set at the end of the path.
   */
  private @Nullable Object with(@Nullable Object here, int step, @Nullable Object value) {
    if (step == rest.length) {
      return value;
    }
    if (here == null && value == null) {
      return null;
    }
    Object embedded =
        here == null ? make(step == 0 ? requireNonNull(first) : rest[step - 1]) : here;
    rest[step].setValue(embedded, with(rest[step].getValue(embedded), step + 1, value));
    return embedded;
  }

  private Object make(ModelPart embedded) {
    EmbeddableMappingType type =
        ((EmbeddableValuedModelPart) embedded).getEmbeddableTypeDescriptor();
    EmbeddableInstantiator instantiator = type.getRepresentationStrategy().getInstantiator();
    // if no values are passed, Hibernate's own instantiator keeps the values that the constructor
    // sets
    boolean own = instantiator.getClass().getName().startsWith("org.hibernate.");
    @Nullable Object @Nullable [] values = own ? null : unsetValues(type);
    try {
      return INSTANTIATE.invokeExact(instantiator, (ValueAccess) () -> values, factory());
    } catch (RuntimeException | Error e) {
      throw e;
    } catch (Throwable e) {
      throw new IllegalStateException(e);
    }
  }

  /** Returns the default value of each attribute: null, or zero or false for a primitive type. */
  private static @Nullable Object[] unsetValues(EmbeddableMappingType type) {
    var values = new @Nullable Object[type.getNumberOfAttributeMappings()];
    for (int i = 0; i < values.length; i++) {
      Class<?> each =
          type.getAttributeMapping(i).getPropertyAccess().getGetter().getReturnTypeClass();
      values[i] = each.isPrimitive() ? Array.get(Array.newInstance(each, 1), 0) : null;
    }
    return values;
  }

  private static MethodHandle instantiate() {
    // constant arguments, so that native images find the methods
    try {
      return MethodHandles.dropArguments(
          MethodHandles.publicLookup()
              .findVirtual(
                  EmbeddableInstantiator.class,
                  "instantiate",
                  MethodType.methodType(Object.class, ValueAccess.class)),
          2,
          SessionFactoryImplementor.class);
    } catch (NoSuchMethodException e) {
      return instantiateOfHibernate6();
    } catch (IllegalAccessException e) {
      throw new LinkageError(
          "Hibernate's EmbeddableInstantiator is not public: this version is not supported", e);
    }
  }

  private static MethodHandle instantiateOfHibernate6() {
    try {
      return MethodHandles.publicLookup()
          .findVirtual(
              EmbeddableInstantiator.class,
              "instantiate",
              MethodType.methodType(
                  Object.class, ValueAccess.class, SessionFactoryImplementor.class));
    } catch (ReflectiveOperationException e) {
      throw new LinkageError(
          "Hibernate's EmbeddableInstantiator has no instantiate method: this version is not"
              + " supported",
          e);
    }
  }

  private @Nullable Object ofEntity(Object entity) {
    if (first != null) {
      return persister.getValue(entity, index());
    }
    EntityIdentifierMapping identifier = persister.getIdentifierMapping();
    return identifier.getIdentifier(entity);
  }

  /** Returns whether a value is Hibernate's marker for an unread lazy attribute. */
  public static boolean isUnfetched(@Nullable Object value) {
    return LazyPropertyInitializer.UNFETCHED_PROPERTY.equals(value);
  }

  private @Nullable Object follow(@Nullable Object start, int steps) {
    Object value = start;
    for (int i = 0; i < steps && value != null && !isUnfetched(value); i++) {
      value = rest[i].getValue(value);
    }
    return value;
  }

  @Override
  public String toString() {
    return description;
  }
}
